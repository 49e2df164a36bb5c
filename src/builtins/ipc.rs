//! `ipc`: the mechanisms as objects: what an address stands for, what there is, and its end.

use crate::builtins::message;
use crate::builtins::{Builtin, BuiltinResult, Kind, mq, options};
use crate::fields::Fields;
use crate::ipc::address::SystemV;
use crate::ipc::error::errno_of;
use crate::ipc::mailbox::{self, keeper};
use crate::ipc::mq::admin;
use crate::ipc::socket::name;
use crate::ipc::{self, Address, Base, Patience, Wait, json, props, rendezvous, run as place};
use crate::jobs;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::socket;
use bstr::{BString, ByteSlice};
use nix::errno::Errno;
use serde_json::Value;

/// `ipc`
pub const BUILTIN: Builtin = Builtin {
    name: "ipc",
    kind: Kind::Regular,
    usage: "ipc props|ls|rm ...\nipc props [-j] addr\nipc ls [-j]\nipc rm addr...",
    about: "Look at places for messages, and remove them. Addresses: see `help send`.\n\
            props  what the mechanism of an address does, and what is true of the place now\n\
            ls     one's own message queues and mailboxes, rendezvous at which somebody waits, listening sockets of this shell\n\
            rm     remove queues, mailboxes and named pipes\n-j  JSON",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    message::verb(shell, &BUILTIN, fields, &[("props", show), ("ls", list), ("rm", remove)])
}

fn show(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = message::one_address(rest, "j")?;
    let mut facts: admin::Facts = vec![("address", json::bytes(&address.to_bytes()))];
    facts.extend(props::COLUMNS.into_iter().zip(props::row(&address).map(Value::from)));
    // What is nowhere has properties all the same; that it is nowhere is the status.
    let status = live(shell, &address).map(|more| {
        facts.extend(more);
        ExitStatus::SUCCESS
    });
    let out = if found.is_empty() {
        let mut out = String::new();
        mq::append_facts(&mut out, &facts);
        out.into_bytes()
    } else {
        json::line(&mq::as_object(&facts))
    };
    shell.io.write(&out)?;
    Ok(status?)
}

/// What is true of an address now; of a job, what is true of its leader.
fn live(shell: &mut Shell, address: &Address) -> Result<admin::Facts, Error> {
    let leader;
    let address = match address {
        Address::Job(id) => {
            // Looking is for subshells, too.
            let job = jobs::id::find_shown(&shell.jobs, id).map_err(|error| error.with_status(message::NOWHERE))?;
            leader = Address::Process(job.leader().as_raw());
            &leader
        }
        address => address,
    };
    props::live::facts(address, &message::base(shell)).map_err(|error| message::error(&error))
}

fn list(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "j")?;
    if rest.get(first).is_some() {
        return Err(Error::usage("no operand expected").into());
    }
    let report = |shell: &mut Shell, error: &ipc::Error| shell.report(&message::error(error).within("ipc"));
    let base = message::base(shell);
    let user = nix::unistd::geteuid().as_raw();
    let row = |address: BString, what: &str| -> admin::Facts {
        vec![("address", json::bytes(&address)), ("mechanism", Value::from(what))]
    };
    let mut rows = Vec::new();
    for queues in [admin::list_sysv(), admin::list_posix(&base.held)] {
        match queues {
            Ok(queues) => {
                let own = queues.iter().filter(|it| it.uid == user);
                // A queue that has a key is known by it; its id is the system's.
                rows.extend(own.map(|it| {
                    let mechanism = props::row(&it.address)[0];
                    match (it.key(), &it.address) {
                        (Some(key), Address::SystemV(SystemV::Id(id))) => {
                            let mut row = row(format!("sysv:{key}").into(), mechanism);
                            row.push(("msqid", Value::from(*id)));
                            row
                        }
                        _ => row(it.address.to_bytes(), mechanism),
                    }
                }));
            }
            Err(error) => report(shell, &error),
        }
    }
    for name in place::names(&base, ".box") {
        let address = format!("box:{name}");
        let count = |place| keeper::count(&place, &address, &mut Wait::new(Patience::None, 0));
        match mailbox::Place::of(name.as_str().into(), &base).and_then(count) {
            Ok(Some(_)) => rows.push(row(address.into(), "mailbox")),
            // The files of a mailbox whose keeper was killed are no mailbox.
            Ok(None) => {}
            Err(error) => report(shell, &error),
        }
    }
    let meetings = rendezvous::waiting(&base).into_iter();
    rows.extend(meetings.map(|name| row(format!("rdv:{name}").into(), "rendezvous")));
    match listening() {
        Ok(sockets) => rows.extend(sockets.into_iter().map(|(number, name)| {
            let mut row = row(format!("fd:{number}").into(), "listening socket");
            row.push(("local", name));
            row
        })),
        Err(error) => report(shell, &error),
    }
    let out = if found.is_empty() {
        let line = |row: &admin::Facts| {
            let values: Vec<String> = row.iter().map(|(_, value)| mq::plain(value)).collect();
            format!("{:<32} {}\n", values[0], values[1..].join(" "))
        };
        rows.iter().map(line).collect::<String>().into_bytes()
    } else {
        json::line(&rows.iter().map(mq::as_object).collect())
    };
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

/// The listening sockets among the descriptors of this process, and their names.
///
/// # Errors
/// The system does not tell which descriptors there are.
fn listening() -> Result<Vec<(i32, Value)>, ipc::Error> {
    const DESCRIPTORS: &str = "/proc/self/fd";
    let refused = |error: std::io::Error| ipc::Error::refused(DESCRIPTORS, errno_of(&error));
    let mut sockets = Vec::new();
    for entry in std::fs::read_dir(DESCRIPTORS).map_err(refused)? {
        // All names there are numbers.
        let Some(number) = entry.map_err(refused)?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // What has no such option is no socket.
        if socket::option(number, libc::SOL_SOCKET, libc::SO_ACCEPTCONN) == Ok(1) {
            let name =
                socket::local_name(number).map_err(|errno| ipc::Error::refused(format!("fd:{number}"), errno))?;
            sockets.push((number, json::bytes(&name::text(&name))));
        }
    }
    sockets.sort_unstable_by_key(|(number, _)| *number);
    Ok(sockets)
}

fn remove(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (_, first) = options(rest, "")?;
    if rest.get(first).is_none() {
        return Err(Error::usage("address expected").into());
    }
    let mut status = ExitStatus::SUCCESS;
    for text in rest.iter_from(first) {
        let address = message::address(text)?;
        if let Err(error) = remove_one(&address, &message::base(shell)) {
            let error = message::error(&error);
            status = error.status;
            shell.report(&error.within("ipc"));
        }
    }
    Ok(status)
}

fn remove_one(address: &Address, base: &Base) -> Result<(), ipc::Error> {
    let refused = |errno| Err(ipc::Error::refused(address.to_string(), errno));
    match address {
        Address::Posix(_) | Address::SystemV(_) => admin::remove(address),
        Address::Mailbox(name) => {
            let place = mailbox::Place::of(name.as_bstr(), base)?;
            let is_removed = keeper::remove(&place, &address.to_string(), &mut Wait::new(Patience::None, 0))?;
            if is_removed { Ok(()) } else { refused(Errno::ENOENT) }
        }
        Address::Fifo(path) => {
            let path = path.to_path_lossy();
            // A link to a named pipe is a file of its own.
            match nix::sys::stat::lstat(path.as_ref()) {
                Ok(status) if status.st_mode & libc::S_IFMT == libc::S_IFIFO => {
                    nix::unistd::unlink(path.as_ref()).or_else(refused)
                }
                Ok(_) => Err(ipc::Error::other(address.to_string(), "not a named pipe")),
                Err(errno) => refused(errno),
            }
        }
        _ => Err(ipc::Error::usage(address.to_string(), "nothing that stays, and so nothing to remove")),
    }
}
