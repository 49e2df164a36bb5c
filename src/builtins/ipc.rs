//! `ipc`: the mechanisms as objects: what an address stands for, what there is, and its end.

use crate::builtins::message::{self, failed};
use crate::builtins::{Builtin, BuiltinResult, Kind, mq, options};
use crate::fields::Fields;
use crate::ipc::mailbox::{self, keeper};
use crate::ipc::mq::admin;
use crate::ipc::{self, Address, Base, Patience, Wait, json, props, rendezvous, run as place};
use crate::jobs;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
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

fn parse(text: &[u8]) -> Result<Address, Error> {
    Address::parse(text).map_err(|error| message::error(&error))
}

fn show(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "j")?;
    let address = parse(rest.get(first).ok_or_else(|| Error::usage("address expected"))?)?;
    let mut facts: admin::Facts = vec![("address", json::bytes(&address.to_bytes()))];
    facts.extend(props::COLUMNS.into_iter().zip(props::row(&address).map(Value::from)));
    // What is nowhere has properties all the same; that it is nowhere is the status.
    let live = match &address {
        Address::Job(id) => match jobs::id::find(&shell.jobs, id).map(|number| shell.jobs.get(number)) {
            Ok(Some(job)) => props::live::facts(&Address::Process(job.leader().as_raw()), &message::base(shell)),
            _ => Err(ipc::Error::nowhere(id.to_string(), "no such job")),
        },
        address => props::live::facts(address, &message::base(shell)),
    };
    let (more, status) = match live {
        Ok(more) => (more, Ok(ExitStatus::SUCCESS)),
        Err(error) => (Vec::new(), failed(&error)),
    };
    facts.extend(more);
    let out = if found.is_empty() {
        let mut out = String::new();
        mq::append_facts(&mut out, &facts);
        out.into_bytes()
    } else {
        json::line(&mq::as_object(&facts))
    };
    shell.io.write(&out)?;
    status
}

fn list(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "j")?;
    if rest.get(first).is_some() {
        return Err(Error::usage("no operand expected").into());
    }
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
                rows.extend(own.map(|it| row(it.address.to_bytes(), props::row(&it.address)[0])));
            }
            Err(error) => shell.report(&message::error(&error).within("ipc")),
        }
    }
    // The files of a mailbox whose keeper was killed are no mailbox.
    let boxes = place::names(&base, ".box").into_iter().filter(|name| is_there(name, &base));
    rows.extend(boxes.map(|name| row(format!("box:{name}").into(), "mailbox")));
    let meetings = rendezvous::waiting(&base).into_iter();
    rows.extend(meetings.map(|name| row(format!("rdv:{name}").into(), "rendezvous")));
    for (number, name) in listening() {
        let mut row = row(format!("fd:{number}").into(), "listening socket");
        row.push(("local", name));
        rows.push(row);
    }
    let out = if found.is_empty() {
        let column = |(index, (_, value)): (usize, &(_, Value))| match (index, mq::plain(value)) {
            (0, address) => format!("{address:<32}"),
            (_, value) => format!(" {value}"),
        };
        let line = |row: &admin::Facts| row.iter().enumerate().map(column).chain(["\n".to_owned()]).collect::<String>();
        rows.iter().map(line).collect::<String>().into_bytes()
    } else {
        json::line(&rows.iter().map(mq::as_object).collect())
    };
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

fn is_there(mailbox: &str, base: &Base) -> bool {
    let count = |place| keeper::count(&place, mailbox, &mut Wait::new(Patience::None, 0));
    mailbox::Place::of(mailbox.into(), base).and_then(count).is_ok_and(|count| count.is_some())
}

/// The listening sockets among the descriptors of this process, and their names.
fn listening() -> Vec<(i32, Value)> {
    use crate::sys::socket;
    let numbers = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let mut numbers: Vec<i32> =
        numbers.filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok())).collect();
    numbers.sort_unstable();
    let listens = |fd: &i32| socket::option(*fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN) == Ok(1);
    let name = |fd| socket::local_name(fd).map(|name| ipc::socket::name::text(&name)).unwrap_or_default();
    numbers.into_iter().filter(listens).map(|fd| (fd, json::bytes(&name(fd)))).collect()
}

fn remove(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (_, first) = options(rest, "")?;
    if rest.get(first).is_none() {
        return Err(Error::usage("address expected").into());
    }
    let mut status = ExitStatus::SUCCESS;
    for text in rest.iter_from(first) {
        let address = parse(text)?;
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
