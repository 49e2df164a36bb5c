//! Parsing of what only expansion brings to light: a pattern or an arithmetic expression that came out of a parameter.

pub(super) use crate::syntax::arith::parse as parse_arithmetic;
pub(super) use crate::syntax::pattern::pattern as parse_pattern;
