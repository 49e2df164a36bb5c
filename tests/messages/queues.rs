//! Queues made here and there, in both directions: ipcs, ipcmk, ipcrm and lsipc; Python's sysv_ipc and posix_ipc; C.

use super::*;

/// A key that no other test uses.
fn key() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    format!("0x{:x}", (std::process::id() << 8) + COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A script with `$key` and `$name`, which removes both queues at its end.
fn with_names(code: &str) -> String {
    format!("key={} name=/{}\n{code}\nmq rm sysv:$key $name 2>/dev/null; :", key(), fresh("queue"))
}

#[test]
fn ipcmk_makes_and_ipcs_shows() {
    if !has("ipcmk, ipcs and ipcrm", "command -v ipcmk && command -v ipcs && command -v ipcrm") {
        return;
    }
    let dir = Dir::new();
    prints(
        &dir,
        "id=$(ipcmk -Q -p 600 | grep -o '[0-9]*$')\n\
         send sysv:id=$id hello world; ipcs -q -i $id | grep -o 'qnum=2'; mq ls 2>/dev/null | grep -cw $id\n\
         recv -c 2 sysv:id=$id; ipcrm -q $id; recv -n sysv:id=$id 2>/dev/null; echo $?",
        "qnum=2\n1\nhello\nworld\n4\n",
    );
    prints(
        &dir,
        &with_names(
            "mq create -m 640 sysv:$key; send sysv:$key 12345\n\
             ipcs -q | while read -r k id user mode bytes messages; do [ \"$k\" = \"$(printf 0x%08x $key)\" ] && echo $mode $bytes $messages; done\n\
             ipcrm -Q $key; mq stat sysv:$key 2>/dev/null; echo $?",
        ),
        "640 5 1\n4\n",
    );
}

/// What `lsipc -J` says about each queue is what `mq stat -j` says.
#[test]
fn lsipc_agrees() {
    if !has("lsipc and python3", "command -v lsipc && command -v python3") {
        return;
    }
    let dir = Dir::new();
    fs::write(
        dir.0.join("show.py"),
        "import json, sys\n\
         data = json.load(sys.stdin)\n\
         row = [q for q in next(iter(data.values())) if str(q['id']) == sys.argv[1]][0]\n\
         print(int(row['key'], 16) == int(sys.argv[2], 16), row['perms'].endswith('rw-r-----') or row['perms'] == '0640', row['usedbytes'], row['msgs'])\n",
    )
    .expect("a file for the test");
    prints(
        &dir,
        &with_names(
            "q=$(mq create -m 640 sysv:$key); send sysv:$key abc de\n\
             id=$(ipcs -q | while read -r k id rest; do [ \"$k\" = \"$(printf 0x%08x $key)\" ] && echo $id; done)\n\
             lsipc -q -J -b | python3 show.py $id $key",
        ),
        "True True 5 2\n",
    );
}

#[test]
fn c_receives_what_we_send_and_sends_what_we_receive() {
    let Some(dir) = with_peer() else { return };
    prints(
        &dir,
        &with_names(
            "printf 'a\\000\\377\\n' >body\n\
             printf '' | ./peer sysv-send $key 4; ./peer sysv-send $key 9 <body\n\
             recv -o '%t %l' sysv:$key; recv -x sysv:$key\n\
             send -T 7 sysv:$key <body; send -T 3 sysv:$key ''\n\
             ./peer sysv-recv $key 7 2>&1 >got; cmp got body && echo same; ./peer sysv-recv $key 0 2>&1 | grep -c .",
        ),
        "4 0\n6100ff0a\ntype 7\nsame\n1\n",
    );
    prints(
        &dir,
        &with_names(
            "printf '' | ./peer posix-send $name 1; ./peer posix-send $name 32767 <body\n\
             recv -o '%p' $name; recv -o '%p %l' $name\n\
             send -p 2 $name ''; send -p 5 $name <body; ./peer posix-recv $name 2>&1 >got; cmp got body && echo same\n\
             ./peer posix-recv $name 2>&1",
        ),
        "32767\n1 0\npriority 5\nsame\npriority 2\n",
    );
}

/// The longest message that a queue allows passes, one byte more does not.
#[test]
fn the_longest_message() {
    let Some(dir) = with_peer() else { return };
    prints(
        &dir,
        &with_names(
            "read -r max </proc/sys/kernel/msgmax; head -c $max /dev/urandom >longest\n\
             ./peer sysv-send $key 1 <longest; recv -x sysv:$key | wc -c | grep -qx $((2 * max + 1)) && echo all\n\
             send sysv:$key <longest && ./peer sysv-recv $key 0 2>/dev/null | cmp - longest && echo same\n\
             echo >>longest; send sysv:$key <longest 2>err; echo $?; grep -c EMSGSIZE err\n\
             mq create -S 1000 -M 2 $name; head -c 1000 /dev/urandom >longest; send $name <longest\n\
             ./peer posix-recv $name 2>/dev/null | cmp - longest && echo same\n\
             echo >>longest; send $name <longest 2>err; echo $?; grep -c EMSGSIZE err",
        ),
        "all\nsame\n1\n1\nsame\n1\n1\n",
    );
}

#[test]
fn python_sysv_ipc() {
    if !has_python("sysv_ipc") {
        return;
    }
    prints(
        &Dir::new(),
        &with_names(
            "mq create sysv:$key; send -T 5 sysv:$key 'from the shell'\n\
             python3 -c 'import sysv_ipc, sys\n\
             q = sysv_ipc.MessageQueue(int(sys.argv[1], 16))\n\
             print(q.current_messages, q.receive(type=5))\n\
             q.send(b\"a\\0\\xff\", type=8); q.send(b\"\", type=2)\n\
             ' $key\n\
             recv -T -3 -o '%t %l' sysv:$key; recv -x sysv:$key\n\
             python3 -c 'import sysv_ipc, sys; sysv_ipc.MessageQueue(int(sys.argv[1], 16)).remove()' $key\n\
             recv -n sysv:$key 2>/dev/null; echo $?\n\
             echo >file; mq key file 7 | grep -qx \"$(python3 -c 'import sysv_ipc; print(\"0x%08x\" % sysv_ipc.ftok(\"file\", 7, True))')\" && echo ftok",
        ),
        "1 (b'from the shell', 5)\n2 0\n6100ff\n4\nftok\n",
    );
}

#[test]
fn python_posix_ipc() {
    if !has_python("posix_ipc") {
        return;
    }
    prints(
        &Dir::new(),
        &with_names(
            "mq create -M 4 -S 100 $name; send -p 3 $name 'from the shell'\n\
             python3 -c 'import posix_ipc, sys\n\
             q = posix_ipc.MessageQueue(sys.argv[1])\n\
             print(q.max_messages, q.max_message_size, q.current_messages, q.receive())\n\
             q.send(b\"a\\0\\xff\", priority=8); q.send(b\"\", priority=2)\n\
             posix_ipc.MessageQueue(sys.argv[1] + \"b\", posix_ipc.O_CREX, max_messages=3).send(\"theirs\")\n\
             ' $name\n\
             recv -x $name; recv -o '%p %l' $name; recv ${name}b; mq rm ${name}b\n\
             python3 -c 'import posix_ipc, sys; posix_ipc.unlink_message_queue(sys.argv[1])' $name\n\
             recv -n $name 2>/dev/null; echo $?",
        ),
        "4 100 1 (b'from the shell', 3)\n6100ff\n2 0\ntheirs\n4\n",
    );
}
