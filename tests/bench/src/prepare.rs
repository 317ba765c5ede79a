//! Makes the programs that run: compiles the C sources as they are shipped (-O2, no frame pointers, no
//! debug information), and readies the inputs of the real programs. All of it goes into the work
//! folder, and is made again in every run: it takes a second, and is never stale.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::meter::Meter;
use crate::options::Options;

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Bench {
    sources: PathBuf,
    work: PathBuf,
    /// Runs jobs.
    pub(crate) meter: Meter,
    /// The counting preload.
    pub(crate) count_library: PathBuf,
    /// The program `ldt`.
    pub(crate) ldt: PathBuf,
    /// The library `libldt.so`.
    pub(crate) ldt_library: PathBuf,
    /// heaptrack's preload.
    pub(crate) heaptrack_library: PathBuf,
}

/// Where Debian's package `libheaptrack` and a build from source put the preload.
const HEAPTRACK_LIBRARIES: [&str; 4] = [
    "/usr/lib/heaptrack/libheaptrack_preload.so",
    "/usr/lib/x86_64-linux-gnu/heaptrack/libheaptrack_preload.so",
    "/usr/lib/aarch64-linux-gnu/heaptrack/libheaptrack_preload.so",
    "/usr/local/lib/heaptrack/libheaptrack_preload.so",
];

impl Bench {
    /// Builds the tools and looks for what is needed.
    pub(crate) fn new(options: &Options) -> Result<Bench> {
        let here = std::env::current_exe()?;
        let built = here.parent().unwrap_or(Path::new("."));
        let ldt_folder = options.ldt.as_deref().unwrap_or(built);
        let ldt_folder = fs::canonicalize(ldt_folder)
            .with_context(|| format!("no folder {}", ldt_folder.display()))?;
        let work = match &options.work {
            Some(path) => path.clone(),
            None => built.parent().unwrap_or(built).join("bench"),
        };
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        let work = fs::canonicalize(work)?;
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));

        let meter = work.join("meter");
        gcc(&manifest.join("tools/meter.c"), &meter, &["-static"])?;
        let count_library = work.join("count.so");
        gcc(
            &manifest.join("tools/count.c"),
            &count_library,
            &["-shared", "-fPIC"],
        )?;
        let bench = Bench {
            sources: manifest.join("workloads"),
            work,
            meter: Meter { program: meter },
            count_library,
            ldt: ldt_folder.join("ldt"),
            ldt_library: ldt_folder.join("libldt.so"),
            heaptrack_library: HEAPTRACK_LIBRARIES
                .iter()
                .map(PathBuf::from)
                .find(|path| path.exists())
                .unwrap_or_default(),
        };
        let built = bench.ldt_library.exists() && (options.preload || bench.ldt.exists());
        if options.with_ldt() && !built {
            bail!(
                "no ldt and libldt.so in {}: build them with `cargo build --release`, \
                 or name their folder with --ldt",
                ldt_folder.display()
            );
        }
        if options.with_heaptrack() && !bench.heaptrack_library.exists() {
            bail!("heaptrack is not installed: `apt-get install heaptrack`, or use `--only ldt`");
        }
        Ok(bench)
    }

    /// A source of `workloads/`.
    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.sources.join(name)
    }

    /// An empty folder for one run.
    pub(crate) fn run_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join("runs").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A C workload's program.
    pub(crate) fn program(&self, source: &str) -> Result<PathBuf> {
        let program = self.work.join(source.trim_end_matches(".c"));
        gcc(&self.source(source), &program, &["-pthread"])?;
        Ok(program)
    }

    /// The same, rebuilt for AddressSanitizer.
    pub(crate) fn sanitized(&self, source: &str) -> Result<PathBuf> {
        let program = self.work.join(source.replace(".c", ".asan"));
        let options = ["-pthread", "-fsanitize=address", "-g"];
        gcc(&self.source(source), &program, &options)?;
        Ok(program)
    }

    /// AddressSanitizer's runtime, as a library to preload.
    pub(crate) fn sanitizer_runtime(&self) -> Result<PathBuf> {
        let path = succeed(Command::new("gcc").arg("-print-file-name=libasan.so"))?;
        Ok(fs::canonicalize(path.trim())?)
    }

    /// A C++ source with its headers in it, so that the compiler's work is all in one process.
    pub(crate) fn preprocessed(&self, source: &str) -> Result<PathBuf> {
        let output = self.work.join(source).with_extension("ii");
        succeed(
            Command::new("g++")
                .args(["-std=c++17", "-E"])
                .arg(self.source(source))
                .arg("-o")
                .arg(&output),
        )?;
        Ok(output)
    }

    /// The C++ compiler proper.
    pub(crate) fn cc1plus(&self) -> Result<PathBuf> {
        let path = succeed(Command::new("g++").arg("-print-prog-name=cc1plus"))?;
        Ok(PathBuf::from(path.trim()))
    }

    /// Python's executable: Debian's as shipped, where it is there; and never a wrapper script,
    /// which heaptrack would profile in its place.
    pub(crate) fn python(&self) -> Result<PathBuf> {
        let shipped = Path::new("/usr/bin/python3");
        let python = if shipped.exists() {
            shipped
        } else {
            Path::new("python3")
        };
        let path = succeed(Command::new(python).args(["-c", "import sys; print(sys.executable)"]))?;
        Ok(PathBuf::from(path.trim()))
    }

    /// A git repository with a history of a thousand commits, the same in every run.
    pub(crate) fn repository(&self) -> Result<PathBuf> {
        let repository = self.work.join("repository");
        if repository.exists() {
            fs::remove_dir_all(&repository)?;
        }
        succeed(Command::new("git").args(["init", "-q"]).arg(&repository))?;
        let stream = self.work.join("history");
        fs::write(&stream, history(1000))?;
        succeed(
            Command::new("git")
                .arg("-C")
                .arg(&repository)
                .args(["fast-import", "--quiet"])
                .stdin(fs::File::open(&stream)?),
        )?;
        let head = ["symbolic-ref", "HEAD", "refs/heads/main"];
        succeed(Command::new("git").arg("-C").arg(&repository).args(head))?;
        Ok(repository)
    }

    /// Copies of packages of Python's library, to be compiled.
    pub(crate) fn python_packages(&self, names: &[&str]) -> Result<Vec<PathBuf>> {
        let library = succeed(Command::new(self.python()?).args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('stdlib'))",
        ]))?;
        let copies = self.work.join("library");
        if copies.exists() {
            fs::remove_dir_all(&copies)?;
        }
        names
            .iter()
            .map(|name| {
                let copy = copies.join(name);
                copy_sources(&Path::new(library.trim()).join(name), &copy)
                    .with_context(|| format!("copying Python's package {name}"))?;
                Ok(copy)
            })
            .collect()
    }
}

/// A history as `git fast-import` reads it: each commit changes some lines of one of 40 files.
fn history(commits: usize) -> String {
    let mut files = vec![vec![0_usize; 120]; 40];
    let mut stream = String::new();
    for commit in 1..=commits {
        let number = commit * 7 % files.len();
        let lines = &mut files[number];
        for step in 0..6 {
            let line = (commit * 31 + step * 17) % lines.len();
            lines[line] = commit;
        }
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(line, changed)| format!("line {line}, as of commit {changed}\n"))
            .collect();
        let (message, time) = (format!("Change {commit}"), 1_700_000_000 + commit);
        stream += &format!(
            "commit refs/heads/main\ncommitter Some One <one@example.org> {time} +0000\n\
             data {}\n{message}\nM 100644 inline part{number}.txt\ndata {}\n{text}\n",
            message.len(),
            text.len()
        );
    }
    stream
}

/// Copies the Python sources of a folder and of those below.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_sources(&entry.path(), &target)?;
        } else if entry.path().extension().is_some_and(|end| end == "py") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn gcc(source: &Path, output: &Path, options: &[&str]) -> Result<()> {
    succeed(
        Command::new("gcc")
            .args(["-O2", "-Wall", "-Wextra"])
            .args(options)
            .arg("-o")
            .arg(output)
            .arg(source),
    )?;
    Ok(())
}

/// Runs a command of the preparation and gives what it printed.
fn succeed(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}
