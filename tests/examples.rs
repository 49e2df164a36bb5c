//! The example scripts print what their `.out` files say, and the example program prints the same.

use std::path::{Path, PathBuf};
use std::process::Command;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn scripts_print_what_they_should() {
    let mut count = 0;
    for entry in std::fs::read_dir(examples()).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_none_or(|extension| extension != "sh") {
            continue;
        }
        let expected = std::fs::read(path.with_extension("out")).expect("every script has its output beside it");
        let output = Command::new(env!("CARGO_BIN_EXE_ipcsh")).arg(&path).output().expect("the shell can be started");
        assert!(output.status.success(), "{}: {output:?}", path.display());
        assert_eq!(output.stdout, expected, "{}", path.display());
        count += 1;
    }
    assert!(count > 0, "there are examples");
}
