//! The bare names of functions, by which stacks from different demanglers are compared.

/// A function's own name: without arguments, return type, template arguments, clone suffix and
/// the path before it. `void shop::Shelf<int>::add(unsigned long)` is `add`.
#[must_use]
pub fn short_name(shown: &str) -> &str {
    let shown = shown.split(" [clone").next().unwrap_or(shown);
    let mut depth = 0usize;
    let mut start = 0;
    let mut end = None;
    for (at, letter) in shown.char_indices() {
        match letter {
            '(' if depth == 0 && at > start && &shown[start..at] != "operator" => {
                end = end.or(Some(at));
                break;
            }
            '<' | '(' | '{' => {
                if letter == '<' && depth == 0 && at > start {
                    end = Some(at);
                }
                depth += 1;
            }
            '>' | ')' | '}' => depth = depth.saturating_sub(1),
            ':' | ' ' if depth == 0 => {
                start = at + 1;
                end = None;
            }
            _ => {}
        }
    }
    let name = &shown[start..end.unwrap_or(shown.len())];
    match name.split_once('.') {
        Some((before_clone_suffix, _)) if !before_clone_suffix.is_empty() => before_clone_suffix,
        _ => name,
    }
}

/// The bare name in a form that different demanglers agree on: they name closures and lambdas each in
/// their own way.
#[must_use]
pub fn comparable(function: &str) -> String {
    let bare = short_name(function);
    // gdb names a lambda by its operator alone.
    if function.contains("lambda") || bare == "operator()" {
        return "{lambda}".to_owned();
    }
    // The C library's own name for its function, where its symbols are at hand.
    let bare = bare.strip_prefix("__GI_").unwrap_or(bare);
    if bare.contains("closure") {
        return "{closure}".to_owned();
    }
    bare.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{comparable, short_name};

    #[test]
    fn short_names_are_bare() {
        for (shown, bare) in [
            ("main", "main"),
            ("operator new(unsigned long)", "new"),
            ("void shop::Shelf<int>::add(unsigned long)", "add"),
            ("work.constprop.0", "work"),
            ("between(int) [clone .constprop.0]", "between"),
            ("Diary::~Diary()", "~Diary"),
            (
                "std::vector<a::b, c(d)>::push_back<int>(int&&)",
                "push_back",
            ),
            ("(anonymous namespace)::hidden(int)", "hidden"),
            ("main::{lambda()#1}::operator()() const", "operator()"),
            ("call_chain::outermost", "outermost"),
            (
                "<call_chain::Shelf<T> as call_chain::Clerk>::serve",
                "serve",
            ),
        ] {
            assert_eq!(short_name(shown), bare, "{shown}");
        }
    }

    #[test]
    fn closures_have_one_name() {
        for shown in [
            "a::b::{closure#0}",
            "a::b::{{closure}}",
            "a::b::{closure_env#0}",
        ] {
            assert_eq!(comparable(shown), "{closure}", "{shown}");
        }
        assert_eq!(
            comparable("main::{lambda()#1}::operator()() const"),
            "{lambda}"
        );
    }
}
