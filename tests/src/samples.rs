//! The tiny programs of `samples/`: which there are, and building them with the compiler itself.
//!
//! A sample's head is a block of `//` comments. Its first line says what LDT must find (see
//! [`crate::claims`]); lines that begin with `// BUILD: ` add compiler arguments, and those with
//! `// LIBRARY: ` name a file that is built as a shared library beside the program, `// LINKED: ` one that the program is
//! linked to as well.
//!
//! What is built is kept in `target/samples/VARIANT/`, and built again when the source, its folder's
//! headers or the command changed.

use std::collections::hash_map::DefaultHasher;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::installed::{checkout, target};

/// How a sample is compiled. Debugging information is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// `-O2`, not `-O0`.
    pub optimized: bool,
    /// Functions keep frame pointers.
    pub frame_pointers: bool,
}

impl Variant {
    /// As a beginner compiles.
    pub const PLAIN: Variant = Variant {
        optimized: false,
        frame_pointers: true,
    };
    /// As programs are shipped.
    pub const SHIPPED: Variant = Variant {
        optimized: true,
        frame_pointers: false,
    };
    /// All four.
    pub const ALL: [Variant; 4] = [
        Variant::PLAIN,
        Variant {
            optimized: false,
            frame_pointers: false,
        },
        Variant {
            optimized: true,
            frame_pointers: true,
        },
        Variant::SHIPPED,
    ];

    /// A short name, also the folder's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match (self.optimized, self.frame_pointers) {
            (false, true) => "O0-fp",
            (false, false) => "O0",
            (true, true) => "O2-fp",
            (true, false) => "O2",
        }
    }
}

/// A file of `samples/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sample {
    /// Its path inside `samples/`.
    path: PathBuf,
}

impl Sample {
    /// The sample with this path inside `samples/`.
    #[must_use]
    pub fn named(path: impl AsRef<Path>) -> Sample {
        Sample {
            path: path.as_ref().to_owned(),
        }
    }

    /// Every file of `samples/` in C, C++ or Rust, in order: samples, and parts of samples. Those of
    /// `check/` contain errors, and tests of their own.
    #[must_use]
    pub fn all_files() -> Vec<Sample> {
        let mut found = Sample::files_in("");
        found.retain(|sample| !sample.path.starts_with("check"));
        found
    }

    /// Every file in a folder of `samples/` and those below it, in order.
    #[must_use]
    pub fn files_in(folder: &str) -> Vec<Sample> {
        let root = checkout().join("samples");
        let mut folders = vec![root.join(folder)];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).expect("samples/ can be listed") {
                let path = entry.expect("samples/ can be listed").path();
                if path.is_dir() {
                    folders.push(path);
                } else if Language::of(&path).is_some() {
                    let inside = path.strip_prefix(&root).expect("it lies inside");
                    found.push(Sample::named(inside));
                }
            }
        }
        found.sort();
        found
    }

    /// The name in messages: its path inside `samples/`.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// A test of this sample; `what` follows its name.
    pub fn trial(
        &self,
        what: &str,
        test: impl FnOnce(&Sample) -> Result<(), String> + Send + 'static,
    ) -> Trial {
        let owned = self.clone();
        Trial::test(format!("{} {what}", self.name()), move || {
            test(&owned).map_err(Failed::from)
        })
    }

    /// The first line of the source.
    #[must_use]
    pub fn first_line(&self) -> String {
        self.source().lines().next().unwrap_or_default().to_owned()
    }

    /// The program that does nothing but what this sample's language does by itself.
    #[must_use]
    pub fn empty_of_same_language(&self) -> Sample {
        Sample::named(Path::new("empty").with_extension(self.extension()))
    }

    /// Builds the program, and the libraries that it loads; gives its path.
    #[must_use]
    pub fn build(&self, variant: Variant) -> PathBuf {
        self.build_libraries(variant);
        self.build_as(variant, Product::Program)
    }

    /// Builds the twin that has no error: with `CLEAN` defined, or `clean` configured.
    #[must_use]
    pub fn build_clean(&self, variant: Variant) -> PathBuf {
        self.build_libraries(variant);
        self.build_as(variant, Product::CleanProgram)
    }

    fn build_libraries(&self, variant: Variant) {
        for library in [self.directives("LIBRARY"), self.directives("LINKED")].concat() {
            Sample::named(library).build_library(variant);
        }
    }

    /// Builds a shared library from the file; gives its path.
    pub fn build_library(&self, variant: Variant) -> PathBuf {
        self.build_as(variant, Product::Library)
    }

    fn build_as(&self, variant: Variant, product: Product) -> PathBuf {
        let folder = target().join("samples").join(variant.name());
        fs::create_dir_all(&folder).expect("target/samples can be made");
        let stem = self.stem();
        let output = match product {
            // C, C++ and Rust may each have a sample of one name.
            Product::Program => folder.join(format!("{stem}_{}", self.extension())),
            Product::CleanProgram => folder.join(format!("{stem}_{}_clean", self.extension())),
            Product::Library => folder.join(format!("lib{stem}.so")),
        };
        let language = Language::of(&self.path).expect("samples are C, C++ or Rust");
        let mut command = language.compiler(variant, product);
        match (product, language) {
            (Product::CleanProgram, Language::Rust) => command.args(["--cfg", "clean"]),
            (Product::CleanProgram, _) => command.arg("-DCLEAN"),
            _ => &mut command,
        };
        command.arg(checkout().join("samples").join(&self.path));
        for line in self.directives("BUILD") {
            command.args(line.split_whitespace());
        }
        for library in self.directives("LINKED") {
            let library = format!("-l{}", Sample::named(library).stem());
            command.arg("-L").arg(&folder);
            command.args(["-Wl,--no-as-needed", &library]);
        }

        // Tests are processes of their own, and several want the same product. If one replaced what another
        // is running, the other's trace would name a deleted file.
        let lock =
            File::create(output.with_extension("lock")).expect("target/samples can be written");
        lock.lock().expect("a file can be locked");
        let key = self.key(&command);
        let mut key_file = output.clone().into_os_string();
        key_file.push(".key");
        if output.exists() && fs::read_to_string(&key_file).is_ok_and(|found| found == key) {
            return output;
        }
        // Built aside and moved into place, since other test processes may build the same; in a folder of
        // its own, since rustc names its temporary files after the output.
        let aside = tempfile::tempdir_in(&folder).expect("target/samples can be written");
        let made = aside.path().join("made");
        let compiled = command
            .arg("-o")
            .arg(&made)
            .output()
            .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        assert!(
            compiled.status.success(),
            "{command:?} failed:\n{}",
            String::from_utf8_lossy(&compiled.stderr)
        );
        fs::rename(&made, &output).expect("a file can be moved between folders");
        fs::write(&key_file, key).expect("target/samples can be written");
        output
    }

    /// What the product depends on: the source, the headers beside it, and the command.
    fn key(&self, command: &Command) -> String {
        let mut hasher = DefaultHasher::new();
        format!("{command:?}").hash(&mut hasher);
        self.source().hash(&mut hasher);
        let full = checkout().join("samples").join(&self.path);
        let mut headers: Vec<PathBuf> = fs::read_dir(full.parent().expect("it has a folder"))
            .expect("samples/ can be listed")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension() == Some(OsStr::new("h")))
            .collect();
        headers.sort();
        for header in headers {
            fs::read(header)
                .expect("headers can be read")
                .hash(&mut hasher);
        }
        format!("{:016x}\n", hasher.finish())
    }

    fn source(&self) -> String {
        let path = checkout().join("samples").join(&self.path);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    fn stem(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    fn extension(&self) -> String {
        let extension = self.path.extension().unwrap_or_default();
        extension.to_string_lossy().into_owned()
    }

    /// The rests of the head's lines that begin with this word.
    #[must_use]
    pub fn directives(&self, word: &str) -> Vec<String> {
        let prefix = format!("// {word}: ");
        self.source()
            .lines()
            .take_while(|line| line.starts_with("//"))
            .filter_map(|line| line.strip_prefix(&prefix))
            .map(str::to_owned)
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Product {
    Program,
    CleanProgram,
    Library,
}

#[derive(Clone, Copy)]
enum Language {
    C,
    Cxx,
    Rust,
}

impl Language {
    fn of(path: &Path) -> Option<Language> {
        match path.extension()?.to_str()? {
            "c" => Some(Language::C),
            "cpp" => Some(Language::Cxx),
            "rs" => Some(Language::Rust),
            _ => None,
        }
    }

    /// The compiler with all arguments but the source and the output. Allocations stay as they are
    /// written: optimizing a malloc with its free away would leave nothing to find.
    fn compiler(self, variant: Variant, product: Product) -> Command {
        let optimization = if variant.optimized { "2" } else { "0" };
        if let Language::Rust = self {
            let frame_pointers = if variant.frame_pointers { "yes" } else { "no" };
            let mut command = Command::new("rustc");
            command
                .args(["--edition", "2024", "-g", "-C"])
                .arg(format!("opt-level={optimization}"))
                .arg("-C")
                .arg(format!("force-frame-pointers={frame_pointers}"));
            return command;
        }
        let mut command = if let Language::C = self {
            let mut command = Command::new("gcc");
            command.arg("-std=gnu17");
            command
        } else {
            let mut command = Command::new("g++");
            command.args(["-std=c++17", "-fno-allocation-dce"]);
            command
        };
        command
            .args(["-g", "-fno-builtin", "-Wl,-rpath,$ORIGIN"])
            .arg(format!("-O{optimization}"))
            .arg(if variant.frame_pointers {
                "-fno-omit-frame-pointer"
            } else {
                "-fomit-frame-pointer"
            });
        if let Product::Library = product {
            command.args(["-shared", "-fPIC"]);
        }
        command
    }
}
