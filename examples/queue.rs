//! A System V queue without the shell: request and reply by type, and the choice of a message by its type.
//! Run it with `cargo run --example queue`. The shell does the same with `mq create`, `send -T` and `recv -T`.

use ipcsh::ipc::mq::admin::{self, Wish};
use ipcsh::ipc::{self, Address, Base, Error, Message, Opening, Outgoing, Patience, Select, Wait};
use std::time::Duration;

/// The type of a request; a reply has the type that the request asks for.
const REQUEST: i64 = 1;

fn main() -> Result<(), Error> {
    let base = Base::from_environment();
    let id = admin::create(&Address::parse(b"sysv:0")?, &Wish::default(), &base.held)?; // msgget(IPC_PRIVATE): a new queue
    let address = Address::parse(format!("sysv:id={}", id.unwrap_or_default()).as_bytes())?;
    let result = talk(&address, &base);
    admin::remove(&address)?; // a queue stays until somebody removes it, whoever has ended
    result
}

fn talk(address: &Address, base: &Base) -> Result<(), Error> {
    let mut wait = Wait::new(Patience::within(Duration::from_secs(5)), 0);
    let mut queue = ipc::open(address, &Opening::sender(), base, &mut wait)?;
    let mut message = Message::default(); // its memory is used for every message

    for client in [7, 9] {
        let text = format!("client {client} asks");
        queue.send(&Outgoing { body: text.as_bytes(), kind: REQUEST, priority: 0 }, &mut wait)?;
        // The server: takes requests and no replies.
        queue.receive(&Select { kind: REQUEST, ..Select::default() }, &mut message, &mut wait)?;
        println!("the server gets: {}", String::from_utf8_lossy(message.body()));
        let text = format!("an answer for {client}");
        queue.send(&Outgoing { body: text.as_bytes(), kind: client, priority: 0 }, &mut wait)?;
    }
    for client in [9, 7] {
        // Each client takes what is its own, in whatever order the replies have come.
        queue.receive(&Select { kind: client, ..Select::default() }, &mut message, &mut wait)?;
        println!("client {client} gets: {}", String::from_utf8_lossy(message.body()));
    }
    Ok(())
}
