//! A workload: a script, what it must print, and how it is run.
//!
//! The first line of `benches/workloads/NAME.sh` is a comment that says what it measures. Lines that begin with `#: ` are for
//! this program:
//!
//! | line | meaning |
//! |---|---|
//! | `#: options -n` | options of the shell |
//! | `#: command text` | `-c text` instead of the file |
//! | `#: copies 500` | the script is the text of the file so many times, |
//! | `#: after text` | and this line behind |
//! | `#: starts 200` | one measurement starts the shell so many times |
//! | `#: baseline 500` | compare with the C program that starts so many programs |
//!
//! `NAME.out` holds the expected standard output.

use std::fs;
use std::path::{Path, PathBuf};

/// One workload.
#[derive(Default)]
pub struct Workload {
    /// Its name: that of the file.
    pub name: String,
    /// What it measures.
    pub about: String,
    /// The text of the script to run.
    pub text: String,
    /// Options of the shell, and what stands behind `-c`.
    pub options: Vec<String>,
    pub command: Option<String>,
    /// How often the shell is started for one measurement.
    pub starts: usize,
    /// How many programs the baseline is to start.
    pub baseline: Option<usize>,
    /// The standard output of one start.
    pub expected: Vec<u8>,
}

/// All workloads, sorted by name.
pub fn all() -> Vec<Workload> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/workloads");
    let entries = fs::read_dir(&folder).expect("benches/workloads can be read");
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sh"));
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> Workload {
    let source = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{}: {text}: no number", path.display()));
    let mut workload = Workload { starts: 1, ..Workload::default() };
    workload.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    workload.about = source.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned();
    let mut copies = 1;
    let mut after = "";
    for line in source.lines().filter_map(|line| line.strip_prefix("#: ")) {
        let (key, value) = line.split_once(' ').unwrap_or((line, ""));
        match key {
            "options" => workload.options.extend(value.split(' ').map(str::to_owned)),
            "command" => workload.command = Some(value.to_owned()),
            "copies" => copies = number(value),
            "after" => after = value,
            "starts" => workload.starts = number(value),
            "baseline" => workload.baseline = Some(number(value)),
            _ => panic!("{}: {key}: no such line", path.display()),
        }
    }
    workload.text = source.repeat(copies) + after + "\n";
    workload.expected = fs::read(path.with_extension("out")).unwrap_or_default();
    workload
}
