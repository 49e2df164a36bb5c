//! ipcsh as somebody's login shell: /etc/passwd names it, and su, sudo, login and sshd start it.
//!
//! The user exists only in these tests: copies of /etc/passwd and its like are mounted over the real files in a mount namespace of
//! the test's own. That needs root. sshd talks to ssh through a pipe, so no port is used.

use crate::terminal::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output};

const USER: &str = "lodger";
const ID: u32 = 54321;

/// A place in which the user exists.
struct House(PathBuf);

impl House {
    /// `None`, with a word, when it cannot be built or `program` is missing.
    fn build(name: &str, program: &str) -> Option<Self> {
        if !is_ipcsh() || !have("unshare") || !have(program) {
            return None;
        }
        let may = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/run"]).output();
        if !may.is_ok_and(|output| output.status.success()) {
            println!("skipped: needs root, for a mount namespace");
            return None;
        }
        let house = Self(std::env::temp_dir().join(format!("ipcsh-house-{name}-{}", std::process::id())));
        house.furnish();
        Some(house)
    }

    fn furnish(&self) {
        fs::create_dir_all(self.0.join("home")).expect("a directory for the test");
        copy_shell(&self.0.join("ipcsh"));
        chown(self.0.join("home"), Some(ID), Some(ID)).expect("root may give files away");
        let (home, shell) = (self.path("home"), self.path("ipcsh"));
        self.write("profile", "FROM_ETC=etc\n");
        self.write("home/.profile", "PS1='>> '\n");
        self.copy_with("passwd", &format!("{USER}:x:{ID}:{ID}:A lodger:{home}:{shell}"));
        self.copy_with("shadow", &format!("{USER}:*:20000:0:99999:7:::"));
        self.copy_with("group", &format!("{USER}:x:{ID}:"));
        self.copy_with("shells", &shell);
        self.write(
            "enter",
            "for file in passwd shadow group shells profile; do mount --bind \"$0/$file\" /etc/$file; done\n\
             mount -t tmpfs none /run && mkdir /run/sshd\nexec \"$@\"\n",
        );
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file for the test");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }

    /// A copy of a file of /etc with one line more, which only root may read.
    fn copy_with(&self, name: &str, line: &str) {
        let old = fs::read_to_string(format!("/etc/{name}")).unwrap_or_default();
        self.write(name, &format!("{}\n{line}\n", old.trim_end()));
        let mode = if name == "shadow" { 0o600 } else { 0o644 };
        fs::set_permissions(self.0.join(name), fs::Permissions::from_mode(mode)).expect("a mode can be set");
    }

    /// The words that execute others in here.
    fn words(&self, program: &[&str]) -> Vec<String> {
        let script = format!(". {}", self.path("enter"));
        let enter =
            ["unshare", "-m", "sh", "-c", &script, &self.path("")].map(|word| word.trim_end_matches('/').to_owned());
        enter.into_iter().chain(program.iter().map(|&word| word.to_owned())).collect()
    }

    /// At a terminal.
    fn terminal(&self, program: &[&str]) -> Terminal {
        let words = self.words(program);
        words[1..].iter().fold(Terminal::program(&words[0]), |setup, word| setup.arg(word)).start()
    }

    /// Without a terminal, in the house's directory.
    fn output(&self, program: &[&str]) -> Output {
        let words = self.words(program);
        let mut command = Command::new("timeout");
        command.arg("60").args(words).current_dir(&self.0).env("HOME", &self.0).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_SSH_COMMAND", format!("ssh -F {}", self.path("ssh_config")));
        command.stdin(std::process::Stdio::null()).output().expect("it can be started")
    }

    /// Status 0 is expected; what it has written.
    #[track_caller]
    fn run(&self, program: &[&str]) -> String {
        let output = self.output(program);
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{program:?}: {}\n{out}{error}", output.status);
        out.into_owned()
    }

    /// Keys and settings for ssh to `box`, which is this computer.
    fn let_ssh_in(&self) {
        for name in ["key", "host"] {
            self.run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &self.path(name)]);
        }
        let keys = self.path("key.pub");
        self.write(
            "sshd_config",
            &format!(
                "HostKey {}\nPidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPrintMotd no\n\
                 PrintLastLog no\nAuthorizedKeysFile {keys}\nSubsystem sftp internal-sftp\n",
                self.path("host")
            ),
        );
        self.write(
            "ssh_config",
            &format!(
                "Host box\nUser {USER}\nIdentityFile {}\nUserKnownHostsFile /dev/null\nGlobalKnownHostsFile /dev/null\n\
                 StrictHostKeyChecking no\nLogLevel ERROR\nProxyCommand /usr/sbin/sshd -i -f {}\n",
                self.path("key"),
                self.path("sshd_config")
            ),
        );
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A login shell at its first prompt: it has read /etc/profile and its own, knows who and where it is, and has job control; the status of its end
/// is that of the program that started it.
#[track_caller]
fn live_in(mut t: Terminal) {
    t.see_at_cursor(">>");
    t.line("echo $FROM_ETC $(id -un) $SHLVL ${0##*/} ${PWD##*/} $((6*7))");
    t.see("\netc lodger 1 -ipcsh home 42\n");
    t.line("sh -c 'echo ready; exec sleep 1000'; echo rest");
    t.see("\nready");
    t.key(CTRL_Z);
    t.see("\n[1] + Stopped sh -c 'echo ready; exec sleep 1000'\n>>");
    t.line("clear; fg");
    t.until("fg", |t| t.text() == "sh -c 'echo ready; exec sleep 1000'");
    t.key(CTRL_C);
    t.see_at_cursor(">>");
    t.line("jobs; exit 7");
    assert_eq!(t.wait(), 7, "{}", t.picture());
    t.until("nothing left behind", |t| t.session().is_empty());
}

#[test]
fn su() {
    let Some(house) = House::build("su", "su") else { return };
    assert_eq!(house.run(&["su", "-", USER, "-c", "echo $HOME; id -un"]), format!("{}\n{USER}\n", house.path("home")));
    assert_eq!(house.output(&["su", USER, "-c", "exit 5"]).status.code(), Some(5));
    live_in(house.terminal(&["su", "-", USER]));
}

#[test]
fn a_shell_under_su_can_be_suspended() {
    let Some(house) = House::build("suspend", "su") else { return };
    let mut t = Terminal::with().start();
    house.write("su", &house.words(&["su", USER]).iter().map(|word| format!("'{word}' ")).collect::<String>());
    t.line(&format!("export PS1='in$ '; . {}", house.path("su")));
    t.see_at_cursor("in$");
    let inner = t.foreground();
    t.line("suspend; echo back");
    t.see("Stopped");
    t.see_at_cursor("in$");
    t.until("the outer shell", |t| t.foreground() == Some(t.pid()));
    t.line("clear; fg");
    t.until("the inner shell", |t| t.foreground() == inner);
    t.see("\nback\n");
    t.line("exit");
    t.until("the outer shell", |t| t.foreground() == Some(t.pid()));
    t.exit();
}

#[test]
fn sudo() {
    let Some(house) = House::build("sudo", "sudo") else { return };
    assert_eq!(
        house.run(&["sudo", "-u", USER, "-i", "echo", "a  b", "$HOME"]),
        format!("a  b {}\n", house.path("home"))
    );
    assert_eq!(house.output(&["sudo", "-u", USER, "-i", "exit", "5"]).status.code(), Some(5));
    live_in(house.terminal(&["sudo", "-u", USER, "-i"]));
}

#[test]
fn login() {
    let Some(house) = House::build("login", "login") else { return };
    let mut t = house.terminal(&["login", "-p", "-f", USER]);
    t.see_at_cursor(">>");
    t.line("echo $(id -un) ${0##*/}; exit");
    t.see("\nlodger -ipcsh");
    assert_eq!(t.wait(), 0);
}

#[test]
fn ssh() {
    let Some(house) = House::build("ssh", "ssh") else { return };
    if !have("sshd") {
        return;
    }
    house.let_ssh_in();
    let config = house.path("ssh_config");
    let ssh = |command: &str| house.output(&["ssh", "-F", &config, "box", command]);
    assert_eq!(ssh("exit 7").status.code(), Some(7));
    assert_eq!(ssh("kill -s TERM $$").status.code(), Some(255), "as ssh says of a signal");
    assert_eq!(ssh("echo \"$0\" 'a  b'; echo error >&2; false").stdout, b"ipcsh a  b\n");
    // A profile that writes would be the end of scp: it is read by login shells only, and a command's shell is none.
    house.write("home/.profile", "PS1='>> '\necho noise\n");
    house.write("file", "some text\n");
    house.run(&["scp", "-q", "-F", &config, "file", "box:a"]);
    house.run(&["scp", "-q", "-O", "-F", &config, "file", "box:b"]);
    house.run(&["scp", "-q", "-F", &config, "box:a", "back"]);
    house.write("batch", "put file c\nrename c d\n");
    house.run(&["sftp", "-q", "-F", &config, "-b", "batch", "box"]);
    let texts = ["home/a", "home/b", "back", "home/d"].map(|name| house.read(name));
    assert!(texts.iter().all(|text| text == "some text\n"), "{texts:?}");
    if have("rsync") {
        house.run(&["rsync", "-e", &format!("ssh -F {config}"), "file", "box:name with  blanks"]);
        assert_eq!(house.read("home/name with  blanks"), "some text\n");
    }
    if have("git") {
        house.run(&["ssh", "-F", &config, "box", "git init -q --bare repository"]);
        house.run(&["git", "init", "-q", "tree"]);
        let commit = "commit -q --allow-empty -m message";
        let set = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        house.run(&[&["git", "-C", "tree"][..], &set, &commit.split(' ').collect::<Vec<_>>()].concat());
        house.run(&["git", "-C", "tree", "push", "-q", "box:repository", "HEAD:main"]);
        house.run(&["git", "clone", "-q", "-b", "main", "box:repository", "copy"]);
        assert!(house.run(&["git", "-C", "copy", "log", "--format=%s"]).contains("message"));
    }
    house.write("home/.profile", "PS1='>> '\n");
    live_in(house.terminal(&["ssh", "-F", &config, "-tt", "box"]));
}
