//! Words whose expansion changes nothing in the shell, runs nothing and cannot block: a stage of a pipeline that is made of such words
//! may be expanded by the shell itself, and nobody can tell.

use crate::shell::{Opt, Shell};
use crate::syntax::ast::{Expression, ParameterOp, SimpleCommand, SwitchKind, Word, WordPart};

/// Whether a command consists of such words, and leaves no trace either.
pub fn is_pure_command(shell: &Shell, command: &SimpleCommand) -> bool {
    command.assignments.is_empty() && command.words.iter().all(is_pure) && !shell.options.has(Opt::XTrace)
}

/// Whether expanding the word changes nothing in the shell and runs nothing.
pub fn is_pure(word: &Word) -> bool {
    word.plain().is_some() || word.parts.iter().all(is_pure_part)
}

fn is_pure_part(part: &WordPart) -> bool {
    match part {
        WordPart::Literal(_) | WordPart::Quoted(_) | WordPart::Tilde(_) => true,
        WordPart::DoubleQuoted(parts) => parts.iter().all(is_pure_part),
        WordPart::Command(_) => false,
        WordPart::Arithmetic(arithmetic) => {
            is_pure(&arithmetic.text) && arithmetic.expression.as_ref().is_some_and(is_pure_expression)
        }
        WordPart::Parameter(expansion) => match &expansion.op {
            ParameterOp::Value | ParameterOp::Length => true,
            ParameterOp::Switch { kind: SwitchKind::Default | SwitchKind::Alternative, word, .. } => is_pure(word),
            ParameterOp::Trim { pattern, .. } => is_pure(&pattern.word),
            ParameterOp::Switch { .. } | ParameterOp::Bad(_) => false,
        },
    }
}

fn is_pure_expression(expression: &Expression) -> bool {
    match expression {
        Expression::Number(_) | Expression::Variable(_) | Expression::Operand(_) => true,
        Expression::Unary(_, a) => is_pure_expression(a),
        Expression::Chain(first, rest) => {
            is_pure_expression(first) && rest.iter().all(|(_, operand)| is_pure_expression(operand))
        }
        Expression::Conditional(a, b, c) => [a, b, c].into_iter().all(|part| is_pure_expression(part)),
        Expression::Assign(..) | Expression::Step { .. } => false,
    }
}
