//! Arithmetic expansion (XCU 2.6.4): signed 64-bit integers with the operators of ISO C.
//!
//! Overflow wraps. A shift takes the low six bits of its right operand as the count, as x86-64 does, and a right shift keeps the sign.
//! Division by zero is an error. The value of a variable is an integer constant or an error; it is never an expression
//! to be evaluated: data does not become code.

use super::eval::{self, Place};
use super::sink::Text;
use super::{Scope, late};
use crate::number::parse_integer;
use crate::status::{Error, Failure};
use crate::syntax::ast::{
    Arithmetic, BinaryOp, Expression, Name, Parameter, ParameterExpansion, ParameterOp, Special, UnaryOp, WordPart,
};

/// How many operands are kept without memory of their own.
const FEW: usize = 8;

/// The value of `$((...))`. `scratch` is used from its end on and is as before afterwards.
pub(super) fn value<S: Scope>(scope: &mut S, arithmetic: &Arithmetic, scratch: &mut Vec<u8>) -> Result<i64, Failure> {
    if let Some(expression) = &arithmetic.expression {
        let mut few = [0; FEW];
        if let Some(count) = variables(scope, &arithmetic.text.parts, &mut few) {
            return value_of(scope, expression, &few[..count]).or_else(|error| {
                // (They are plain parameters: to expand them once more changes nothing.)
                let mut text = Vec::new();
                eval::parts(scope, &mut Text(&mut text), &arithmetic.text.parts, Place::Quoted)?;
                Err(named(*error, &text).into())
            });
        }
    }
    let from = scratch.len();
    let value = value_of_text(scope, arithmetic, scratch, from);
    scratch.truncate(from);
    value
}

/// The value of `$((...))`, if its operands are plain and nothing in it assigns; nothing has happened if there is none.
pub(super) fn pure_value<S: Scope>(scope: &mut S, arithmetic: &Arithmetic) -> Option<i64> {
    let expression = arithmetic.expression.as_ref().filter(|expression| is_pure(expression))?;
    let mut few = [0; FEW];
    let count = variables(scope, &arithmetic.text.parts, &mut few)?;
    value_of(scope, expression, &few[..count]).ok()
}

/// Whether it assigns to nothing.
fn is_pure(expression: &Expression) -> bool {
    match expression {
        Expression::Number(_) | Expression::Variable(_) | Expression::Operand(_) => true,
        Expression::Unary(_, operand) => is_pure(operand),
        Expression::Chain(first, rest) => is_pure(first) && rest.iter().all(|(_, operand)| is_pure(operand)),
        Expression::Assign(..) | Expression::Step { .. } => false,
        Expression::Conditional(condition, yes, no) => is_pure(condition) && is_pure(yes) && is_pure(no),
    }
}

/// The operands, when all are plain parameters that hold integer constants: the usual case.
/// Nothing has happened when there are others.
#[inline]
fn variables<S: Scope>(scope: &mut S, parts: &[WordPart], operands: &mut [i64; FEW]) -> Option<usize> {
    let mut count = 0;
    for part in parts {
        match part {
            WordPart::Literal(_) => {}
            WordPart::Parameter(expansion) => {
                *operands.get_mut(count)? = variable(scope, expansion)?;
                count += 1;
            }
            _ => return None,
        }
    }
    Some(count)
}

/// The value of `$name` or `$1`, if it is an integer constant.
#[inline]
fn variable<S: Scope>(scope: &mut S, expansion: &ParameterExpansion) -> Option<i64> {
    if !matches!(expansion.op, ParameterOp::Value) {
        return None;
    }
    match &expansion.parameter {
        Parameter::Variable(name) => {
            let first = scope.variable(name)?.first()?;
            if first.is_ascii_whitespace() { None } else { scope.integer(name).ok() }
        }
        Parameter::Positional(n) => operand(scope.positional(*n)?),
        Parameter::Special(Special::Count) => Some(scope.positional_count() as i64),
        Parameter::Special(_) => None,
    }
}

/// Expand the text. If every expansion gave an integer constant, these are the operands of the prepared expression, else
/// what the text has become is parsed.
fn value_of_text<S: Scope>(
    scope: &mut S,
    arithmetic: &Arithmetic,
    text: &mut Vec<u8>,
    start: usize,
) -> Result<i64, Failure> {
    let mut operands = Some(Vec::new());
    for part in &arithmetic.text.parts {
        let from = text.len();
        eval::parts(scope, &mut Text(text), std::slice::from_ref(part), Place::Quoted)?;
        if !matches!(part, WordPart::Literal(_)) {
            operands = operands.zip(operand(&text[from..])).map(|(mut operands, operand)| {
                operands.push(operand);
                operands
            });
        }
    }
    match (&arithmetic.expression, operands) {
        (Some(expression), Some(operands)) => value_of(scope, expression, &operands),
        _ => {
            let expression = late::parse_arithmetic(&text[start..])?;
            value_of(scope, &expression, &[])
        }
    }
    .map_err(|error| named(*error, &text[start..]).into())
}

/// What is wrong with the expression as a whole and not with a variable in it.
const DIVISION: &str = "division by zero";

/// The error with the expression in it, unless it names a variable.
#[cold]
fn named(error: Error, text: &[u8]) -> Error {
    if error.tried == DIVISION { error.within(text.trim_ascii()).within("arithmetic") } else { error }
}

/// A value or, boxed so that a value comes back in registers, an error.
type Evaluated = Result<i64, Box<Error>>;

/// The value of an expression. Most are a number or a variable, which need no call.
#[inline]
fn value_of<S: Scope>(scope: &mut S, expression: &Expression, operands: &[i64]) -> Evaluated {
    match expression {
        Expression::Number(number) => Ok(*number),
        Expression::Variable(name) => read(scope, name),
        Expression::Operand(index) => Ok(operands.get(*index).copied().unwrap_or(0)),
        expression => evaluate(scope, expression, operands),
    }
}

/// The value of an expression with operators.
fn evaluate<S: Scope>(scope: &mut S, expression: &Expression, operands: &[i64]) -> Evaluated {
    match expression {
        Expression::Number(_) | Expression::Variable(_) | Expression::Operand(_) => {
            value_of(scope, expression, operands)
        }
        Expression::Unary(op, operand) => {
            let value = value_of(scope, operand, operands)?;
            Ok(match op {
                UnaryOp::Minus => value.wrapping_neg(),
                UnaryOp::Plus => value,
                UnaryOp::BitNot => !value,
                UnaryOp::Not => i64::from(value == 0),
            })
        }
        Expression::Chain(first, rest) => {
            let mut value = value_of(scope, first, operands)?;
            for (op, right) in rest {
                value = match op {
                    BinaryOp::And if value == 0 => 0,
                    BinaryOp::Or if value != 0 => 1,
                    _ => binary(*op, value, value_of(scope, right, operands)?)?,
                };
            }
            Ok(value)
        }
        Expression::Assign(op, name, operand) => {
            let value = match op {
                None => value_of(scope, operand, operands)?,
                Some(op) => {
                    let left = read(scope, name)?;
                    binary(*op, left, value_of(scope, operand, operands)?)?
                }
            };
            scope.assign_integer(name, value)?;
            Ok(value)
        }
        Expression::Step { name, by, prefix } => {
            let old = read(scope, name)?;
            let new = old.wrapping_add(*by);
            scope.assign_integer(name, new)?;
            Ok(if *prefix { new } else { old })
        }
        Expression::Conditional(condition, yes, no) => {
            let chosen = if value_of(scope, condition, operands)? != 0 { yes } else { no };
            value_of(scope, chosen, operands)
        }
    }
}

/// The value of a variable: 0 if it is unset, or an error with `set -u`.
#[inline]
fn read<S: Scope>(scope: &mut S, name: &Name) -> Evaluated {
    if scope.no_unset() && !scope.is_set(name) {
        return Err(Error::usage("parameter not set").within(name.text()).into());
    }
    scope.integer(name)
}

/// The operators that evaluate both operands.
#[inline]
fn binary(op: BinaryOp, left: i64, right: i64) -> Evaluated {
    Ok(match op {
        BinaryOp::Multiply => left.wrapping_mul(right),
        BinaryOp::Divide | BinaryOp::Remainder if right == 0 => return Err(Error::usage(DIVISION).into()),
        BinaryOp::Divide => left.wrapping_div(right),
        BinaryOp::Remainder => left.wrapping_rem(right),
        BinaryOp::Add => left.wrapping_add(right),
        BinaryOp::Subtract => left.wrapping_sub(right),
        // The method masks the count.
        BinaryOp::ShiftLeft => left.wrapping_shl(right as u32),
        BinaryOp::ShiftRight => left.wrapping_shr(right as u32),
        BinaryOp::Less => i64::from(left < right),
        BinaryOp::LessEqual => i64::from(left <= right),
        BinaryOp::Greater => i64::from(left > right),
        BinaryOp::GreaterEqual => i64::from(left >= right),
        BinaryOp::Equal => i64::from(left == right),
        BinaryOp::NotEqual => i64::from(left != right),
        BinaryOp::BitAnd => left & right,
        BinaryOp::BitXor => left ^ right,
        BinaryOp::BitOr => left | right,
        BinaryOp::And => i64::from(left != 0 && right != 0),
        BinaryOp::Or => i64::from(left != 0 || right != 0),
        BinaryOp::Comma => right,
    })
}

/// An integer constant as an expansion gives it. Unlike the value of a variable it cannot be empty: an empty text is no operand.
fn operand(text: &[u8]) -> Option<i64> {
    parse_integer(text).filter(|&value| value != 0 || !text.trim_ascii().is_empty())
}
