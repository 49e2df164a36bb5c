//! Interfaces from text.

use super::{inline_type, parse};
use crate::ipc::rpc::interface::{Length, Type};
use crate::ipc::rpc::text;
use crate::ipc::rpc::xdr::{self, Value};

fn error(text: &str) -> String {
    parse("t.x", text.as_bytes()).expect_err(text).message().to_string()
}

const CALC: &str = "
/* A calculator. */
const MOST = 10;
#define LIMIT 0x10
%#include <stdio.h>
enum kind { NONE, SMALL = 5, BIG };
struct pair { int a; int b; };
union answer switch (int err) { case 0: int value; case 1: case 2: string why<MOST>; default: void; };
typedef struct node *list;
struct node { int item; list next; };
program CALC {
    version ONE { void NULL(void) = 0; int ADD(pair) = 1; answer DIV(pair) = 2; } = 1;
    version TWO { hyper ADD(hyper a, hyper b) = 1; list ALL(kind, list *) = LIMIT; } = 2;
} = 0x20000001;
";

#[test]
fn an_interface_is_what_the_text_says() {
    let interface = parse("calc.x", CALC.as_bytes()).expect("it is right");
    assert_eq!(interface.programs[0].number, 0x2000_0001);
    let add = interface.procedure(Some("1"), "ADD").expect("it is there").procedure;
    let names: Vec<&str> = add.arguments.iter().map(|field| &*field.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(interface.procedure(None, "ADD").expect("it is there").version.number, 2);
    assert_eq!(interface.procedure(None, "ALL").expect("it is there").procedure.number, 16);
    assert!(interface.constants.contains(&(String::from("BIG"), 6)));
    assert!(interface.procedure(None, "SUB").is_none());
}

#[test]
fn an_error_has_a_place_and_says_what_is_expected() {
    assert_eq!(error("struct a {\n  int b\n};"), "t.x:3:1: `;` is expected behind the field");
    assert_eq!(error("struct a { foo b; };"), "t.x:1:12: foo: no such type");
    assert_eq!(error("const A = B;"), "t.x:1:11: B: no such constant");
    assert_eq!(
        error("typedef quadruple q;"),
        "t.x:1:9: `quadruple` is not supported: no machine type of Rust holds it"
    );
    assert_eq!(error("struct a { a b; };"), "the type a contains itself without end: use `*` or `<>`");
    assert_eq!(error("typedef a b; typedef b a;"), "the type b contains itself without end: use `*` or `<>`");
    assert_eq!(error("enum e { A };\n/* no end"), "t.x:2:1: the comment has no end");
    assert_eq!(error("typedef string s;"), "t.x:1:9: a string needs `<>` behind its name");
    assert_eq!(error("int a;"), "t.x:1:1: a definition is expected: const, typedef, enum, struct, union or program");
    assert_eq!(error("struct int { int a; };"), "t.x:1:8: a name is expected, and `int` is a keyword");
    assert_eq!(error("#ifdef X\nconst A = 1;"), "t.x:1:1: #endif is missing for this condition");
}

#[test]
fn conditions_choose_lines() {
    let text = "#ifdef A\nconst X = 1;\n#else\nconst X = 2;\n#endif\n#if 0\nconst X = 3;\n#endif\n";
    assert_eq!(parse("t.x", text.as_bytes()).expect("it is right").constants, [(String::from("X"), 2)]);
}

/// A constant of the text, if it has it.
fn constant(text: &str, name: &str) -> Option<i64> {
    let interface = parse("t.x", text.as_bytes()).unwrap_or_else(|error| unreachable!("{text}: {error}"));
    interface.constants.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
}

#[test]
fn the_first_branch_that_holds_counts() {
    let text = "#if 0\nconst X = 1;\n#elif 1\nconst X = 2;\n#elif 1\nconst X = 3;\n#else\nconst X = 4;\n#endif\n";
    assert_eq!(constant(text, "X"), Some(2));
    let outside =
        "#if 0\n#if 1\nconst X = 1;\n#elif 1\nconst X = 2;\n#else\nconst X = 3;\n#endif\n#endif\nconst X = 4;";
    assert_eq!(constant(outside, "X"), Some(4));
    for (condition, holds) in [
        ("defined(A)", true),
        ("defined B || 1", true),
        ("defined(B)||0", false),
        ("!defined(B) && A", true),
        ("!(A && B)", true),
        ("A == 16", true),
        ("C != 0x10", false),
        ("UNKNOWN", false),
        ("NEGATIVE", true),
    ] {
        let text = format!(
            "  #define A 0x10\n#define C A\n#define NEGATIVE -1\n#if {condition}\nconst X = 1;\n#else\nconst X = 0;\n#endif"
        );
        assert_eq!(constant(&text, "X"), Some(holds.into()), "{condition}");
    }
    for wrong in ["1 +", "", "(1", "defined", "1 1", "'a'"] {
        assert!(error(&format!("#if {wrong}\n#endif")).starts_with("t.x:1:1: a condition of "), "{wrong}");
    }
    assert_eq!(error(&format!("#if {}", "(".repeat(100_000))), "t.x:1:1: too many brackets");
    assert_eq!(error("#elif 1"), "t.x:1:1: #elif without #if");
    assert_eq!(constant("#if!defined(A)\nconst X = 1;\n#elif(1)\nconst X = 2;\n#endif", "X"), Some(1));
    assert_eq!(constant("#if(0)\nconst X = 1;\n#elif(1)\nconst X = 2;\n#endif", "X"), Some(2));
    // A wrong answer would be worse than none.
    let bracketed = error("#define A (1)\n#if A\n#endif");
    assert!(bracketed.starts_with("t.x:2:1: a condition of "), "{bracketed}");
}

#[test]
fn names_for_constants() {
    let text =
        "\t# define N M\n#define M HEX\n#define TYPE int\n#define LOOP LOOP\nconst HEX = 0x10;\ntypedef opaque o[N];";
    assert_eq!(constant(text, "N"), Some(16));
    assert_eq!(constant(text, "TYPE").or(constant(text, "LOOP")), None);
    assert_eq!(error("#define A B\n#define B A\ntypedef int a[A];"), "t.x:3:15: A: no such constant");
}

#[test]
fn no_comment_is_in_a_text() {
    let text = "const URL = \"http://x/*\"; const A = 1; /* it\"s */ const B = 2; // \"\nconst C = 3;\n% '\"'\nconst D = 4; /* */";
    for (name, number) in [("A", 1), ("B", 2), ("C", 3), ("D", 4)] {
        assert_eq!(constant(text, name), Some(number), "{name}");
    }
}

#[test]
fn types_in_a_line() {
    assert_eq!(inline_type("unsigned hyper"), Ok(Type::Integer { signed: false, bits: 64 }));
    assert_eq!(inline_type("opaque[8]"), Ok(Type::Opaque(Length::Fixed(8))));
    assert_eq!(inline_type("string"), Ok(Type::String(u32::MAX)));
    assert_eq!(inline_type("void"), Ok(Type::Void));
    assert!(inline_type("nothing").is_err());
    assert!(inline_type("int a; typedef int").is_err());
}

/// RFC 4506, section 7: the file "sillyprog" of john with the text "(quit)" is these 48 bytes.
#[test]
fn the_file_of_the_standard() {
    let text = b"const MAXUSERNAME = 32; const MAXFILELEN = 65535; const MAXNAMELEN = 255;
        enum filekind { TEXT = 0, DATA = 1, EXEC = 2 };
        union filetype switch (filekind kind) { case TEXT: void; case DATA: string creator<MAXNAMELEN>; case EXEC: string interpretor<MAXNAMELEN>; };
        struct file { string filename<MAXNAMELEN>; filetype type; string owner<MAXUSERNAME>; opaque data<MAXFILELEN>; };";
    let interface = parse("file.x", text).expect("it is right");
    let kind = Type::Named(interface.type_named("file").expect("it is defined"));
    let words = b"{filename=sillyprog,type={kind=EXEC,interpretor=lisp},owner=john,data=287175697429}";
    let value = text::alone(&interface, &kind, words).expect("it is a file");
    let mut bytes = Vec::new();
    xdr::encode(&interface, &kind, &value, &mut bytes).expect("it fits");
    let expected = [
        0, 0, 0, 9, b's', b'i', b'l', b'l', b'y', b'p', b'r', b'o', b'g', 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 4, b'l', b'i',
        b's', b'p', 0, 0, 0, 4, b'j', b'o', b'h', b'n', 0, 0, 0, 6, b'(', b'q', b'u', b'i', b't', b')', 0, 0,
    ];
    assert_eq!(bytes, expected);
    assert_eq!(xdr::decode(&interface, &kind, &bytes), Ok(value.clone()));
    assert_eq!(
        String::from_utf8_lossy(&text::print(&interface, &kind, &value)),
        "filename=sillyprog\ntype={kind=EXEC,interpretor=lisp}\nowner=john\ndata=287175697429\n"
    );
}

#[test]
fn bytes_that_lie_are_refused() {
    let interface = parse("calc.x", CALC.as_bytes()).expect("it is right");
    let array = Type::Array(Type::Void.into(), Length::Variable(u32::MAX));
    assert!(xdr::decode(&interface, &array, &[0xff, 0xff, 0xff, 0xff]).is_err(), "four thousand million of nothing");
    let string = inline_type("string").expect("a type");
    assert!(xdr::decode(&interface, &string, &[0xff, 0xff, 0xff, 0xff]).is_err());
    assert!(xdr::decode(&interface, &string, &[0, 0, 0, 1, b'a', 0, 0, 1]).is_err(), "padding");
    assert_eq!(xdr::decode(&interface, &string, &[0, 0, 0, 1, b'a', 0, 0, 0]), Ok(Value::Bytes(b"a".to_vec())));
    let bool_type = inline_type("bool").expect("a type");
    assert!(xdr::decode(&interface, &bool_type, &[0, 0, 0, 2]).is_err());
    assert!(xdr::decode(&interface, &bool_type, &[0, 0, 0, 1, 0]).is_err(), "something is left");
}

/// A linked list may be long; it is a value as any other, in bytes, words and JSON.
#[test]
fn long_lists() {
    let interface = parse("list.x", b"struct node { int item; string s<>; node *next; };").expect("it is right");
    let mut bytes = b"\0\0\0\x07\0\0\0\x01a\0\0\0\0\0\0\x01".repeat(100_000);
    assert!(xdr::decode(&interface, &Type::Named(0), &bytes).is_err(), "the last one promises another one");
    let end = bytes.len() - 1;
    bytes[end] = 0;
    let value = xdr::decode(&interface, &Type::Named(0), &bytes).expect("a list");
    let mut printed = Vec::new();
    text::nested(&interface, &Type::Named(0), &value, &mut printed);
    assert!(printed.starts_with(b"{item=7,s=a,next={item=7,s=a,next={"));
    assert!(printed.ends_with(b",next=null".iter().chain(&[b'}'; 100_000]).copied().collect::<Vec<u8>>().as_slice()));
    assert_eq!(text::alone(&interface, &Type::Named(0), &printed).as_ref(), Ok(&value));
    let mut again = Vec::new();
    xdr::encode(&interface, &Type::Named(0), &value, &mut again).expect("it is of the type");
    assert_eq!(bytes, again);
    assert!(text::json_line(&interface, &Type::Named(0), &value).starts_with(b"{\"item\":7,\"s\":\"a\",\"next\":{"));
    let wrong =
        text::alone(&interface, &Type::Named(0), b"{item=1,s=,next={item=x}}").map_err(|error| error.to_string());
    assert_eq!(wrong, Err(String::from("next[0].item: `x` is no integer")));
}

/// A tree that never ends is refused at some depth, and not by a crash.
#[test]
fn endless_nesting_is_refused() {
    let decode = || {
        let interface = parse("tree.x", b"struct tree { tree *left; int item; };").expect("it is right");
        xdr::decode(&interface, &Type::Named(0), &[0, 0, 0, 1].repeat(100_000)).map_err(|error| error.what)
    };
    // The stack that `MOST_NESTING` promises to be enough, and not the two megabytes of a test's thread.
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(decode).expect("a thread");
    assert_eq!(thread.join().expect("no crash"), Err(String::from("nested too deeply")));
}

#[test]
fn arguments_by_name_or_in_order() {
    let interface = parse("calc.x", CALC.as_bytes()).expect("it is right");
    let fields = &interface.procedure(Some("ONE"), "ADD").expect("it is there").procedure.arguments;
    let read = |words: &[&str]| {
        let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        text::arguments(&interface, fields, &words).map_err(|error| error.to_string())
    };
    let two = Ok(vec![Value::Integer(2), Value::Integer(-3)]);
    assert_eq!(read(&["2", "-3"]), two);
    assert_eq!(read(&["b=-3", "a=0x2"]), two);
    assert_eq!(read(&["{b=-3,a=2}"]), two);
    assert_eq!(read(&["2"]), Err(String::from("1 values, and there must be 2: a, b")));
    assert_eq!(read(&["a=1"]), Err(String::from("b is missing")));
    assert_eq!(read(&["a=1", "a=2"]), Err(String::from("a is given twice")));
    assert_eq!(read(&["a=1", "c=2"]), Err(String::from("`c=2` names no argument")));
    assert_eq!(read(&["x", "2"]), Err(String::from("a: `x` is no integer")));
    assert_eq!(read(&["--", "2", "-3"]), two);
    assert_eq!(read(&["--", "b=-3", "a=2"]), Err(String::from("a: `b` is no integer")));
}

#[test]
fn results_are_what_a_function_prints() {
    let interface = parse("calc.x", CALC.as_bytes()).expect("it is right");
    let answer = Type::Named(interface.type_named("answer").expect("it is defined"));
    let read = |text: &str| text::result(&interface, &answer, text.as_bytes());
    assert_eq!(read("err=0 value=42\n"), Ok(Value::Union(0, Box::new(Value::Integer(42)))));
    assert_eq!(read("err=1\nwhy=\"a b\"\n"), Ok(Value::Union(1, Box::new(Value::Bytes(b"a b".to_vec())))));
    assert_eq!(read("{err=7}"), Ok(Value::Union(7, Box::new(Value::Void))));
    assert!(read("nonsense").is_err());
    assert!(read("err=0 value=42 more=1").is_err());
    let string = inline_type("string").expect("a type");
    assert_eq!(text::result(&interface, &string, b"\"hi\"\n"), Ok(Value::Bytes(b"\"hi\"".to_vec())));
    assert_eq!(text::result(&interface, &string, b"a \\ b\n\n"), Ok(Value::Bytes(b"a \\ b\n".to_vec())));
}

/// The interface files of Debian's rpcsvc-proto: mount, NFS, NIS, the lock manager and others.
#[test]
fn interface_files_from_the_field() {
    let Ok(folder) = std::fs::read_dir("/usr/include/rpcsvc") else {
        return println!("skipped: needs rpcsvc-proto");
    };
    let paths = folder.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "x")) {
        // A part of another file, and three that need headers of C.
        let incomplete =
            ["nis_callback.x", "key_prot.x", "klm_prot.x", "nlm_prot.x"].iter().any(|name| path.ends_with(name));
        match super::load(&path, &mut |_| {}) {
            Err(error) => assert!(incomplete && error.message().to_string().contains("no such"), "{error}"),
            Ok(interface) => {
                assert!(!interface.types.is_empty() || !interface.programs.is_empty(), "{}", path.display())
            }
        }
    }
    let mount = super::load("/usr/include/rpcsvc/mount.x".as_ref(), &mut |_| {}).expect("it is right");
    let export = mount.procedure(None, "MOUNTPROC_EXPORT").expect("it is there");
    assert_eq!((export.program.number, export.version.number, export.procedure.number), (100_005, 1, 5));
}
