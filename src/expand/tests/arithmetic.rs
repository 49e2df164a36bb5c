//! Arithmetic on trees made by hand; what is parsed at run time is tested with the parser.

use super::*;
use crate::number::append_integer;
use crate::syntax::ast::{BinaryOp, Expression, UnaryOp};

fn number(number: i64) -> Box<Expression> {
    Box::new(Expression::Number(number))
}

fn chain(op: BinaryOp, left: Box<Expression>, right: Expression) -> Expression {
    Expression::Chain(left, vec![(op, right)])
}

fn variable(name: &str) -> Box<Expression> {
    Box::new(Expression::Variable(Name::new(name)))
}

fn evaluate(shell: &mut Shell, source: &str, expression: Expression) -> Result<i64, String> {
    arithmetic(shell, &words::arithmetic(source, Some(expression))).map_err(message)
}

fn binary(op: BinaryOp, left: i64, right: i64) -> Result<i64, String> {
    evaluate(&mut Shell::new(), "", chain(op, number(left), *number(right)))
}

#[test]
fn operators() {
    use BinaryOp::*;
    let (min, max) = (i64::MIN, i64::MAX);
    let table = [
        (Add, max, 1, min),
        (Subtract, min, 1, max),
        (Multiply, max, 2, -2),
        (Divide, -7, 2, -3),
        (Remainder, -7, 2, -1),
        (Divide, min, -1, min),
        (Remainder, min, -1, 0),
        (ShiftLeft, 1, 3, 8),
        (ShiftLeft, 1, 64, 1),
        (ShiftLeft, 1, -1, min),
        (ShiftRight, -8, 1, -4),
        (Less, 1, 2, 1),
        (LessEqual, 2, 2, 1),
        (Greater, 1, 2, 0),
        (GreaterEqual, 1, 2, 0),
        (Equal, 3, 3, 1),
        (NotEqual, 3, 3, 0),
        (BitAnd, 6, 3, 2),
        (BitXor, 6, 3, 5),
        (BitOr, 6, 3, 7),
        (And, 2, 3, 1),
        (And, 2, 0, 0),
        (Or, 0, 3, 1),
        (Or, 0, 0, 0),
        (Comma, 1, 2, 2),
    ];
    for (op, left, right, expected) in table {
        assert_eq!(binary(op, left, right), Ok(expected), "{left} {op:?} {right}");
    }
    let mut shell = Shell::new();
    for (op, source) in [(Divide, "1 / 0"), (Remainder, "1 % 0")] {
        let divided = evaluate(&mut shell, source, chain(op, number(1), *number(0)));
        assert_eq!(divided, Err(format!("!arithmetic: {source}: division by zero")));
    }
    for (op, expected) in [(UnaryOp::Minus, -5), (UnaryOp::Plus, 5), (UnaryOp::BitNot, -6), (UnaryOp::Not, 0)] {
        assert_eq!(evaluate(&mut shell, "", Expression::Unary(op, number(5))), Ok(expected));
    }
}

#[test]
fn assignments_and_what_is_not_evaluated() {
    let mut shell = Shell::new();
    shell.set("i", "5");
    let assign = |op, name: &str, value| Box::new(Expression::Assign(op, Name::new(name), number(value)));
    let step = |by, prefix| Expression::Step { name: Name::new("i"), by, prefix };
    assert_eq!(evaluate(&mut shell, "", step(1, true)), Ok(6));
    assert_eq!(evaluate(&mut shell, "", step(-1, false)), Ok(6));
    assert_eq!(evaluate(&mut shell, "", *assign(Some(BinaryOp::Multiply), "i", 4)), Ok(20));
    assert_eq!(shell.field("$i"), "=20");
    assert_eq!(
        evaluate(&mut shell, "i /= 0", *assign(Some(BinaryOp::Divide), "i", 0)),
        Err("!arithmetic: i /= 0: division by zero".into())
    );
    let never = || assign(None, "i", 1);
    for (expression, expected) in [
        (chain(BinaryOp::And, number(0), *never()), 0),
        (chain(BinaryOp::Or, number(7), *never()), 1),
        (Expression::Conditional(number(1), number(3), never()), 3),
        (Expression::Conditional(number(0), never(), number(4)), 4),
    ] {
        assert_eq!(evaluate(&mut shell, "", expression), Ok(expected));
    }
    assert_eq!(shell.field("$i"), "=20");
    shell.readonly.push("i".into());
    assert_eq!(evaluate(&mut shell, "", *never()), Err("!i: is read only".into()));
}

#[test]
fn variables_are_data() {
    let mut shell = Shell::new();
    shell.set("n", "12");
    shell.set("code", "n+1");
    assert_eq!(evaluate(&mut shell, "", *variable("n")), Ok(12));
    assert_eq!(evaluate(&mut shell, "", *variable("unset")), Ok(0));
    assert_eq!(evaluate(&mut shell, "", *variable("e")), Ok(0));
    assert_eq!(evaluate(&mut shell, "", *variable("code")), Err("!code: not a number".into()));
    shell.no_unset = true;
    assert_eq!(evaluate(&mut shell, "", *variable("unset")), Err("!unset: parameter not set".into()));
    let step = Expression::Step { name: Name::new("unset"), by: 1, prefix: true };
    assert_eq!(evaluate(&mut shell, "", step), Err("!unset: parameter not set".into()));
}

#[test]
fn operands() {
    let mut shell = Shell::new();
    shell.parameters(&["0x10", "010"]);
    shell.set("m", "-5");
    let sum = |count: usize| {
        (1..count).fold(Expression::Operand(0), |left, index| {
            chain(BinaryOp::Subtract, Box::new(left), Expression::Operand(index))
        })
    };
    assert_eq!(evaluate(&mut shell, "$m-$m", sum(2)), Ok(0));
    assert_eq!(evaluate(&mut shell, "$1-$2-$#", sum(3)), Ok(6));
    assert_eq!(evaluate(&mut shell, "$(3\\n)-$m", sum(2)), Ok(8));
    assert_eq!(evaluate(&mut shell, "${unset:-4}-${#m}-$?", sum(3)), Ok(-40));
    assert_eq!(evaluate(&mut shell, &["$m"; 12].join("-"), sum(12)), Ok(50));
    // A substitution is executed once, even if its result is no constant and the text has to be parsed.
    shell.substitutions = 0;
    assert!(evaluate(&mut shell, "$(3)-${nothing-1+}", sum(2)).is_err());
    assert_eq!(shell.substitutions, 1);
    shell.no_unset = true;
    assert_eq!(evaluate(&mut shell, "$unset-1", sum(1)), Err("!unset: parameter not set".into()));
}

#[test]
fn in_words() {
    let mut shell = Shell::new();
    shell.set("IFS", "0");
    let part = |number_of: i64| WordPart::Arithmetic(Box::new(words::arithmetic("", Some(*number(number_of)))));
    let word = |parts: Vec<WordPart>| Word::new(parts.into());
    let mut out = Fields::new();
    let words = [word(vec![part(-102)]), word(vec![WordPart::DoubleQuoted([part(-102)].into())])];
    fields(&mut shell, &words, &mut out).expect("fields");
    assert_eq!(out, Fields::from_iter(["-1", "2", "-102"]));
}

#[test]
fn digits() {
    for integer in [0, 7, -1, i64::MAX, i64::MIN] {
        let mut out = Vec::new();
        append_integer(&mut out, integer);
        assert_eq!(out.as_bstr(), integer.to_string().as_str());
    }
}

#[test]
fn deep_trees() {
    let depth = 4000;
    let chain = (0..depth).fold(*number(0), |left, _| self::chain(BinaryOp::Add, Box::new(left), *number(1)));
    assert_eq!(evaluate(&mut Shell::new(), "", chain), Ok(depth));
    let nest = (0..depth).fold(*number(0), |inner, _| Expression::Unary(UnaryOp::BitNot, Box::new(inner)));
    assert_eq!(evaluate(&mut Shell::new(), "", nest), Ok(0));
}
