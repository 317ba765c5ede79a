//! The oracles that LDT is held to are sound themselves, without LDT: the counting library counts what
//! valgrind counts, and gdb walks the stacks as the samples are written.

use std::process::Command;

use ldt_tests::counting::Counting;
use ldt_tests::debugger::stack_at_malloc;
use ldt_tests::run::run;
use ldt_tests::samples::{Sample, Variant};
use ldt_tests::valgrind::heap_usage;

/// Aligned operator new is left out: libstdc++ rounds its size up before the C library sees it.
#[test]
fn the_counting_library_counts_what_valgrind_counts() {
    for sample in [
        "empty.c",
        "empty.cpp",
        "functions/every_c_function.c",
        "functions/realloc_patterns.c",
        "functions/zero_sizes.c",
        "threads/named_threads.c",
        "programs/word_index.rs",
        "programs/throws.cpp",
    ] {
        let program = Sample::named(sample).build(Variant::SHIPPED);
        let counting = Counting::prepare();
        let mut command = Command::new(&program);
        command.env("LD_PRELOAD", counting.library());
        counting.attach(&mut command);
        let counted = run(&mut command);
        let (expected, bare) = heap_usage(&program, [""; 0], |_| {});
        assert_eq!(counting.usage(), expected, "{sample}");
        assert_eq!(counted.stdout, bare.stdout, "{sample}");
    }
}

#[test]
fn gdb_walks_the_calls_as_they_are_written() {
    let program = Sample::named("stacks/call_chain.c").build(Variant::PLAIN);
    let functions: Vec<String> = stack_at_malloc(&program, 54_321)
        .into_iter()
        .map(|frame| frame.function)
        .collect();
    assert_eq!(
        functions,
        ["innermost", "inlined", "middle", "outermost", "main"]
    );
}
