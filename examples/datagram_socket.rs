//! Datagram sockets: a name to send to, no connection, and boundaries that stay. A receiver whose buffer is too small loses the rest.
//! Run it with `cargo run --example datagram_socket`. The shell does the same with `sock` and `nc -u`.

use ipcsh::sys::socket::{Name, bind, local_name, receive, send_to, socket};
use nix::errno::Errno;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

fn main() -> Result<(), Errno> {
    let receiver = socket(libc::AF_INET, libc::SOCK_DGRAM)?;
    bind(receiver.as_raw_fd(), &Name::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))?;
    let address = local_name(receiver.as_raw_fd())?;

    // The sender has no name yet; the kernel gives it one with the first datagram.
    let sender = socket(libc::AF_INET, libc::SOCK_DGRAM)?;
    for message in ["one", "two", "a long message"] {
        send_to(sender.as_raw_fd(), message.as_bytes(), &address, true)?;
    }

    let mut buffer = [0; 8];
    for _ in 0..3 {
        // MSG_TRUNC: the real length, also when the buffer is too small for it.
        let (length, from) = receive(receiver.as_raw_fd(), &mut buffer, true, libc::MSG_TRUNC)?;
        let shown = String::from_utf8_lossy(&buffer[..length.min(8)]).into_owned();
        println!("{length} bytes: {shown} (from the sender: {})", from == local_name_on_loopback(sender.as_raw_fd())?);
    }
    Ok(())
}

/// The sender's own name: the wildcard address, and the port; the receiver sees the loopback address.
fn local_name_on_loopback(fd: i32) -> Result<Name, Errno> {
    Ok(match local_name(fd)? {
        Name::Inet(address) => Name::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, address.port()))),
        other => other,
    })
}
