//! The `time` prefix: how long a pipeline took, in the format of the utility `time` or of bash.

use crate::shell::Shell;
use crate::syntax::ast::TimeFormat;
use crate::sys::limits;
use std::time::Instant;

/// The clocks at the beginning of a pipeline.
#[derive(Debug)]
pub struct Timer {
    format: TimeFormat,
    begin: Instant,
    /// User and system time of the shell and its children, in seconds.
    used: (f64, f64),
}

fn used() -> (f64, f64) {
    limits::times().map_or((0.0, 0.0), |(own, children)| {
        ((own.user + children.user) as f64 / 1e6, (own.system + children.system) as f64 / 1e6)
    })
}

impl Timer {
    /// Begin.
    pub fn start(format: TimeFormat) -> Self {
        Self { format, begin: Instant::now(), used: used() }
    }

    /// Print real, user and system time on standard error.
    pub fn report(self, shell: &mut Shell) {
        let real = self.begin.elapsed().as_secs_f64();
        let now = used();
        let (user, system) = (now.0 - self.used.0, now.1 - self.used.1);
        let text = match self.format {
            TimeFormat::Posix => format!("real {real:.2}\nuser {user:.2}\nsys {system:.2}\n"),
            TimeFormat::Default => {
                let minutes = |time: f64| format!("{}m{:.3}s", (time / 60.0) as u64, time % 60.0);
                format!("\nreal\t{}\nuser\t{}\nsys\t{}\n", minutes(real), minutes(user), minutes(system))
            }
        };
        shell.io.write_error(text.as_bytes());
    }
}
