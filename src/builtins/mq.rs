//! `mq`: message queues of both families as objects and as mechanisms: what `ipcmk`, `ipcs` and `ipcrm` do, and what they cannot.

mod notice;

use crate::builtins::message::{self, Verb, failed, failed_at, number};
use crate::builtins::{Builtin, BuiltinResult, Kind, Opt, options, recv, send, too_many_arguments};
use crate::fields::Fields;
use crate::ipc::mq::admin::{self, Facts, Listed, Wish};
use crate::ipc::mq::{sysv, users};
use crate::ipc::{self, Address, Message, Opening, Patience, Role, Select, address, json};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use bstr::{BStr, ByteSlice};
use serde_json::{Map, Value};

/// `mq`
pub const BUILTIN: Builtin = Builtin {
    name: "mq",
    kind: Kind::Regular,
    usage: "mq create|key|send|recv|peek|wait|flush|notify|stat|ls|set|rm|limits ...\n\
            mq create [-m mode] [-x] [-M maxmsg] [-S msgsize] [-B qbytes] addr\nmq key path [proj]\n\
            mq send [-n] [-t sec] [-p prio] [-T type] [-l | -0] addr [message...]\n\
            mq recv [-n] [-t sec] [-T type] [-c count | -a] [-v var] [-o format] [-0 | -x | -j] [-S size [--truncate]] addr\n\
            mq peek [-i index] [-0 | -x | -j] addr\nmq wait [-t sec] [-P pid] addr\nmq flush [-T type] addr\nmq notify /name [-s sig | -- command...]\n\
            mq stat [-j] addr...\nmq ls [-j]\nmq set [-m mode] [-u user] [-B qbytes] addr\nmq rm addr... | --mine\nmq limits",
    about: "Make, use, look at and remove message queues: sysv:KEY, sysv:id=N, sysv:file=PATH[:PROJ], /name.\n\
            create  make a queue, or (without -x) use the one that is there; prints an address for sysv:0\n\
            key     print the key that ftok(3) makes of a file\n\
            send, recv  as the commands of these names\n\
            peek    print a message without taking it (System V); INDEX 0 is the oldest; -0, -x, -j as recv\n\
            wait    until there is a message; -P PID: or process PID has ended (status 4)\n\
            flush   throw messages away\n\
            notify  (POSIX) a signal, USR1 without -s, when a message comes to the empty queue; or a command when there is a message,\n\
                    at once if one is there: it is a job, and ends with its shell if none has come by then\n\
            stat    all that is known of a queue; ls: all queues\n\
            set     change mode, owner or size; rm: remove; limits: of the system",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let verbs: [Verb; 13] = [
        ("create", create),
        ("key", key),
        ("send", |shell, rest| send::send(shell, rest, true)),
        ("recv", |shell, rest| recv::receive(shell, rest, true)),
        ("peek", peek),
        ("wait", notice::wait),
        ("flush", flush),
        ("notify", notice::notify),
        ("stat", stat),
        ("ls", ls),
        ("set", set),
        ("rm", rm),
        ("limits", limits),
    ];
    message::verb(shell, &BUILTIN, fields, &verbs)
}

/// Options and the only address behind them, of a queue.
fn one_address<'a>(rest: &'a Fields, spec: &str) -> Result<(Vec<Opt<'a>>, Address), Error> {
    let (found, address) = message::one_address(rest, spec)?;
    Ok((found, queue(address)?))
}

fn parse(place: &BStr) -> Result<Address, Error> {
    message::address(place).and_then(queue)
}

fn queue(address: Address) -> Result<Address, Error> {
    match address {
        Address::SystemV(_) | Address::Posix(_) => Ok(address),
        _ => Err(Error::usage(format!("{address}: not a message queue (/name or sysv:...)"))),
    }
}

fn wish(found: &[Opt<'_>]) -> Result<Wish, Error> {
    let mut wish = Wish::default();
    for option in found {
        let argument = option.argument.unwrap_or_default();
        match option.letter {
            b'm' => {
                let text = argument.to_str().ok();
                let mode = text.and_then(|text| u32::from_str_radix(text, 8).ok()).filter(|&mode| mode <= 0o777);
                wish.mode = Some(mode.ok_or_else(|| Error::usage(format!("-m: {argument}: not a mode such as 660")))?);
            }
            b'x' => wish.exclusive = true,
            b'M' => wish.max_messages = Some(number(b'M', argument)?),
            b'S' => wish.message_size = Some(number(b'S', argument)?),
            b'B' => wish.bytes = Some(number(b'B', argument)?),
            _ => {
                let user = argument.to_str().ok().and_then(users::id_of);
                wish.user = Some(user.ok_or_else(|| Error::usage(format!("-u: {argument}: no such user")))?);
            }
        }
    }
    Ok(wish)
}

fn create(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = one_address(rest, "m:xM:S:B:")?;
    match admin::create(&address, &wish(&found)?, &shell.held) {
        Ok(Some(id)) => shell.io.write(format!("sysv:id={id}\n").as_bytes())?,
        Ok(None) => {}
        Err(error) => return failed(&error),
    }
    Ok(ExitStatus::SUCCESS)
}

fn set(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = one_address(rest, "m:u:B:")?;
    if found.is_empty() {
        return Err(Error::usage("-m, -u or -B expected").into());
    }
    admin::change(&address, &wish(&found)?, &shell.held)
        .map_or_else(|error| failed_at(&error, &address, Role::Receiver), |()| Ok(ExitStatus::SUCCESS))
}

fn key(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (_, first) = options(rest, "")?;
    let path = rest.get(first).ok_or_else(|| Error::usage("path expected"))?;
    if rest.get(first + 2).is_some() {
        return Err(too_many_arguments().into());
    }
    let project = match rest.get(first + 1) {
        None => 1,
        Some(text) => address::project(text)
            .ok_or_else(|| Error::usage(format!("{text}: a letter or a number 1 to 255 expected")))?,
    };
    let key = admin::key_of_file(path, project).map_err(|error| message::error(&error))?;
    shell.io.write(format!("{key:#010x}\n").as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}

fn peek(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = one_address(rest, "i:xj0")?;
    let format = message::Format::of(&found)?;
    let index = found.iter().rfind(|option| option.letter == b'i').and_then(|option| option.argument);
    let index: usize = index.map_or(Ok(0), |index| number(b'i', index))?;
    let Address::SystemV(queue) = &address else {
        return Err(Error::new(format!("{address}: the kernel does not let one look into a POSIX queue")).into());
    };
    message::check_variables(shell, None)?;
    let mut message = Message::default();
    match sysv::Queue::open(queue).and_then(|mut queue| queue.look_at(index, &mut message)) {
        Ok(true) => {
            let mut out = Vec::new();
            format.append(&mut out, &message);
            shell.io.write(&out)?;
            message::set_variables(shell, &message)?;
            Ok(ExitStatus::SUCCESS)
        }
        Ok(false) => {
            let why = ipc::Why::WouldBlock(nix::errno::Errno::ENOMSG);
            failed_at(&ipc::Error { tried: address.to_string(), why }, &address, Role::Receiver)
        }
        Err(error) => failed_at(&error, &address, Role::Receiver),
    }
}

fn flush(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = one_address(rest, "T:")?;
    let mut select = Select { truncate: true, ..Select::default() };
    if let Some(kind) = found.first().and_then(|option| option.argument) {
        if matches!(address, Address::Posix(_)) {
            return Err(Error::usage(format!("{address}: -T is for System V queues")).into());
        }
        (select.kind, select.except) = recv::selection(kind)?;
    }
    let mut wait = message::wait(shell, Patience::None);
    let mut message = Message::default();
    let result = ipc::open(&address, &Opening::receiver(), &message::base(shell), &mut wait).and_then(|mut queue| {
        // What comes from now on stays, so this ends however fast it comes.
        for _ in 0..queue.waiting().unwrap_or(u64::MAX) {
            match queue.receive(&select, &mut message, &mut wait) {
                Ok(_) => {}
                Err(error) if recv::is_nothing(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
    result.map_or_else(|error| failed_at(&error, &address, Role::Receiver), |()| Ok(ExitStatus::SUCCESS))
}

/// Facts as a JSON object.
pub fn as_object(facts: &Facts) -> Value {
    Value::Object(facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>())
}

/// A value as text: strings without quotes.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Facts as lines.
pub fn append_facts(out: &mut String, facts: &Facts) {
    let width = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in facts {
        out.push_str(&format!("{name:<width$}  {}\n", plain(value)));
    }
}

fn stat(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "j")?;
    if rest.get(first).is_none() {
        return Err(Error::usage("address expected").into());
    }
    let mut status = ExitStatus::SUCCESS;
    let mut out = String::new();
    for place in rest.iter_from(first) {
        let address = parse(place)?;
        match admin::stat(&address, &shell.held) {
            Ok(facts) if found.is_empty() => append_facts(&mut out, &facts),
            Ok(facts) => out.push_str(&String::from_utf8_lossy(&json::line(&as_object(&facts)))),
            Err(error) => {
                let error = message::error_at(&error, &address, Role::Receiver);
                status = error.status;
                shell.report(&error.within("mq"));
            }
        }
    }
    shell.io.write(out.as_bytes())?;
    Ok(status)
}

fn ls(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "j")?;
    if rest.get(first).is_some() {
        return Err(Error::usage("no operand expected").into());
    }
    let mut families = Vec::new();
    for list in [admin::list_sysv(), admin::list_posix(&shell.held)] {
        families.push(list.unwrap_or_else(|error| {
            shell.report(&message::error(&error).within("mq"));
            Vec::new()
        }));
    }
    let mut out = String::new();
    if !found.is_empty() {
        let list = |queues: &Vec<Listed>| Value::Array(queues.iter().map(|queue| as_object(&queue.facts)).collect());
        let object = serde_json::json!({ "sysv": list(&families[0]), "posix": list(&families[1]) });
        out = String::from_utf8_lossy(&json::line(&object)).into_owned();
    } else {
        let columns = ["key", "msqid", "owner", "perms", "used-bytes", "messages"];
        table(&mut out, &columns, &families[0]);
        table(
            &mut out,
            &["address", "owner", "perms", "used-bytes", "messages", "max-messages", "message-size"],
            &families[1],
        );
    }
    shell.io.write(out.as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}

/// The names of the columns, and a row for each queue.
fn table(out: &mut String, columns: &[&str], queues: &[Listed]) {
    let value = |queue: &Listed, column: &str| {
        let found = queue.facts.iter().find(|(name, _)| *name == column);
        found.map_or_else(|| "-".to_owned(), |(_, value)| plain(value))
    };
    let rows = queues.iter().map(|queue| columns.iter().map(|column| value(queue, column)).collect());
    let names = columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
    for row in std::iter::once(names).chain(rows) {
        for (column, value) in columns.iter().zip(row) {
            out.push_str(&format!("{value:<width$} ", width = column.len().max(11)));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

fn rm(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let mut addresses = Vec::new();
    let mut status = ExitStatus::SUCCESS;
    if rest.get(1).is_some_and(|word| word == "--mine") {
        let mine = nix::unistd::geteuid().as_raw();
        if rest.get(2).is_some() {
            return Err(Error::usage("--mine takes no address").into());
        }
        for list in [admin::list_sysv(), admin::list_posix(&shell.held)] {
            match list {
                Ok(list) => addresses.extend(list.into_iter().filter(|it| it.uid == mine).map(|it| it.address)),
                Err(error) => status = complain(shell, &error),
            }
        }
    } else {
        let (_, first) = options(rest, "")?;
        for place in rest.iter_from(first) {
            addresses.push(parse(place)?);
        }
        if addresses.is_empty() {
            return Err(Error::usage("address or --mine expected").into());
        }
    }
    for address in &addresses {
        if let Err(error) = admin::remove(address) {
            status = complain(shell, &error);
        }
    }
    Ok(status)
}

/// Report an error and go on; its status.
fn complain(shell: &mut Shell, error: &ipc::Error) -> ExitStatus {
    let error = message::error(error);
    let status = error.status;
    shell.report(&error.within("mq"));
    status
}

fn limits(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    if rest.get(options(rest, "")?.1).is_some() {
        return Err(too_many_arguments().into());
    }
    let mut out = String::new();
    append_facts(&mut out, &admin::limits());
    shell.io.write(out.as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}
