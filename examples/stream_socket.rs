//! A stream socket from both sides: socket, bind, listen on one, socket and connect on the other, then accept.
//! Run it with `cargo run --example stream_socket`. The shell does the same with `nc -l` and `nc`.

use ipcsh::ipc::socket::{self, Settings};
use ipcsh::ipc::wait::Guard;
use ipcsh::sys::socket as calls;
use nix::errno::Errno;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

fn main() -> Result<(), Errno> {
    let watch = Guard::for_descriptors(); // ^C ends every wait below
    let settings = Settings::default();
    let loopback = calls::Name::Inet(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));

    let server = socket::listen(&loopback, libc::SOCK_STREAM, &settings).map_err(|failed| failed.errno)?;
    let name = server.name()?; // with the port that the kernel has chosen

    // The kernel makes the connection: the server need not have called accept for the client to be connected.
    let connected = socket::connect(&name, libc::SOCK_STREAM, &settings, None, socket::patiently(&watch, None));
    let (client, _) = connected.map_err(|why| why.failed().map_or(Errno::EINTR, |failed| failed.errno))?;
    calls::send(client.as_raw_fd(), b"hello server", true)?;
    calls::shutdown(client.as_raw_fd(), libc::SHUT_WR)?; // the server sees the end of what the client says

    let connection = socket::accept(server.socket.as_raw_fd(), &watch, None).map_err(|_| Errno::EINTR)?.0;
    let mut buffer = [0; 100];
    let (length, _) = calls::receive(connection.as_raw_fd(), &mut buffer, true, 0)?;
    println!("the server gets: {}", String::from_utf8_lossy(&buffer[..length]));
    let (length, _) = calls::receive(connection.as_raw_fd(), &mut buffer, true, 0)?;
    println!("the server gets {length} bytes: the end");

    calls::send(connection.as_raw_fd(), b"hello client", true)?; // the other direction is still open
    calls::set_nonblocking(client.as_raw_fd(), false)?;
    let (length, _) = calls::receive(client.as_raw_fd(), &mut buffer, true, 0)?;
    println!("the client gets: {}", String::from_utf8_lossy(&buffer[..length]));
    Ok(())
}
