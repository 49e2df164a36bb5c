//! `rpc help semantics`: what a call means that may be lost.

use super::{BUILTIN, usage};
use crate::builtins::BuiltinResult;
use crate::shell::Shell;
use crate::status::ExitStatus;

const SEMANTICS: &str = "\
A local call returns once, and was executed once. A remote call can lose its request, its reply, or its server, and the caller
who hears nothing cannot know which. What it does then is the semantics of the call:

maybe           It gives up. The procedure was executed once, or not at all.      rpc call -r 1
at-least-once   It asks again until it hears. A server that does not recognise    rpc call -T udp -r 5
                the repeated call executes it again: right for `read the          rpc serve --semantics=at-least-once
                balance', wrong for `withdraw 10'.
at-most-once    It asks again with the same number (xid), and the server keeps    rpc call -T udp -r 5
                its replies: a call that it has executed is answered from         rpc serve --semantics=at-most-once
                this cache, and not executed again.
exactly-once    Cannot be promised. A server that dies may have executed the
                call and lost its cache, or not have executed it; nobody can
                tell afterwards. To come close, the cache has to survive on
                the disk together with what the procedure changes, or the
                procedure has to be made so that twice is the same as once.

To see it: --drop-request=P, --drop-reply=P, --duplicate=P and --delay=SEC make a bad network, on either side, the same
one for the same --seed=N. examples/rpc has a bank account that goes wrong, and the same one right.
";

/// `rpc help [semantics]`
pub fn help(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    match words {
        [] => shell.io.write(format!("usage: {}\n", BUILTIN.usage.replace('\n', "\n       ")).as_bytes())?,
        [b"semantics"] => shell.io.write(SEMANTICS.as_bytes())?,
        _ => return Err(usage("`rpc help` or `rpc help semantics` is expected")),
    }
    Ok(ExitStatus::SUCCESS)
}
