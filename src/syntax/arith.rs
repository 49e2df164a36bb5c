//! Arithmetic expressions (XCU 2.6.4; the operators of ISO C 6.5, by precedence climbing).

use crate::number::parse_integer;
use crate::status::{Error, ExitStatus};
use crate::syntax::ast::{BinaryOp, Expression, Name, UnaryOp, WordPart};
use crate::syntax::error::character_start;
use bstr::BString;

/// A token of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Number(i64),
    Name(&'t [u8]),
    Operand(usize),
    Operator(Operator),
    End,
}

/// What an operator can be. One with a meaning before an operand, too, is the binary one.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Binary(BinaryOp),
    Assign(Option<BinaryOp>),
    /// `++` is +1 and `--` is -1.
    Step(i64),
    BitNot,
    Not,
    Question,
    Colon,
    Open,
    Close,
}

use Operator::{Assign, Binary, Step};

/// The operator at the start of the text, the longest one that there is, and its length.
fn operator(text: &[u8]) -> Option<(Operator, usize)> {
    use BinaryOp as B;
    Some(match text {
        [b'<', b'<', b'=', ..] => (Assign(Some(B::ShiftLeft)), 3),
        [b'>', b'>', b'=', ..] => (Assign(Some(B::ShiftRight)), 3),
        [b'<', b'<', ..] => (Binary(B::ShiftLeft), 2),
        [b'>', b'>', ..] => (Binary(B::ShiftRight), 2),
        [b'+', b'+', ..] => (Step(1), 2),
        [b'-', b'-', ..] => (Step(-1), 2),
        [b'&', b'&', ..] => (Binary(B::And), 2),
        [b'|', b'|', ..] => (Binary(B::Or), 2),
        [b'<', b'=', ..] => (Binary(B::LessEqual), 2),
        [b'>', b'=', ..] => (Binary(B::GreaterEqual), 2),
        [b'=', b'=', ..] => (Binary(B::Equal), 2),
        [b'!', b'=', ..] => (Binary(B::NotEqual), 2),
        [b'+', b'=', ..] => (Assign(Some(B::Add)), 2),
        [b'-', b'=', ..] => (Assign(Some(B::Subtract)), 2),
        [b'*', b'=', ..] => (Assign(Some(B::Multiply)), 2),
        [b'/', b'=', ..] => (Assign(Some(B::Divide)), 2),
        [b'%', b'=', ..] => (Assign(Some(B::Remainder)), 2),
        [b'&', b'=', ..] => (Assign(Some(B::BitAnd)), 2),
        [b'^', b'=', ..] => (Assign(Some(B::BitXor)), 2),
        [b'|', b'=', ..] => (Assign(Some(B::BitOr)), 2),
        [b'+', ..] => (Binary(B::Add), 1),
        [b'-', ..] => (Binary(B::Subtract), 1),
        [b'*', ..] => (Binary(B::Multiply), 1),
        [b'/', ..] => (Binary(B::Divide), 1),
        [b'%', ..] => (Binary(B::Remainder), 1),
        [b'<', ..] => (Binary(B::Less), 1),
        [b'>', ..] => (Binary(B::Greater), 1),
        [b'=', ..] => (Assign(None), 1),
        [b'!', ..] => (Operator::Not, 1),
        [b'~', ..] => (Operator::BitNot, 1),
        [b'&', ..] => (Binary(B::BitAnd), 1),
        [b'^', ..] => (Binary(B::BitXor), 1),
        [b'|', ..] => (Binary(B::BitOr), 1),
        [b'?', ..] => (Operator::Question, 1),
        [b':', ..] => (Operator::Colon, 1),
        [b',', ..] => (Binary(B::Comma), 1),
        [b'(', ..] => (Operator::Open, 1),
        [b')', ..] => (Operator::Close, 1),
        _ => return None,
    })
}

/// What an expression is made of: text, and expansions that stand as operands.
enum Piece<'t> {
    Text(&'t [u8]),
    Operand(usize),
}

struct Reader<'t> {
    pieces: Vec<Piece<'t>>,
    piece: usize,
    offset: usize,
    token: Token<'t>,
    /// How the operator that was read last is written.
    written: &'t [u8],
    depth: u32,
}

type Result<T> = std::result::Result<T, String>;

/// Parse an expression that has been expanded.
///
/// # Errors
/// It is not an expression; the message names the place.
pub fn parse(text: &[u8]) -> std::result::Result<Expression, Error> {
    Reader::parse(vec![Piece::Text(text)]).map_err(|message| {
        let mut error = BString::from("arithmetic: ");
        match shortened(text) {
            Some(head) => error.extend_from_slice(&[head, b"..."].concat()),
            None => error.extend_from_slice(text),
        }
        error.extend_from_slice(b": ");
        error.extend_from_slice(message.as_bytes());
        Error::new(error).with_status(ExitStatus::USAGE)
    })
}

/// The beginning of an expression that is too long for a message.
fn shortened(text: &[u8]) -> Option<&[u8]> {
    (text.len() > 80).then(|| &text[..character_start(text, 60)])
}

/// Parse the parts of `$((...))` before they are expanded; none if that is not possible.
pub fn prepare(parts: &[WordPart]) -> Option<Expression> {
    let mut operands = 0;
    let mut pieces = Vec::new();
    for part in parts {
        match part {
            WordPart::Literal(text) => pieces.push(Piece::Text(text)),
            _ => {
                pieces.push(Piece::Operand(operands));
                operands += 1;
            }
        }
    }
    Reader::parse(pieces).ok()
}

impl<'t> Reader<'t> {
    fn parse(pieces: Vec<Piece<'t>>) -> Result<Expression> {
        let mut reader = Self { pieces, piece: 0, offset: 0, token: Token::End, written: b"", depth: 0 };
        reader.next()?;
        if reader.token == Token::End {
            return Ok(Expression::Number(0));
        }
        let expression = reader.expression()?;
        if reader.token == Token::End { Ok(expression) } else { Err(format!("unexpected {}", reader.found())) }
    }

    fn found(&self) -> String {
        match &self.token {
            Token::Number(number) => number.to_string(),
            Token::Name(name) => String::from_utf8_lossy(name).into_owned(),
            Token::Operand(_) => "expansion".into(),
            Token::Operator(_) => format!("`{}`", String::from_utf8_lossy(self.written)),
            Token::End => "end".into(),
        }
    }

    /// Read the next token.
    fn next(&mut self) -> Result<()> {
        loop {
            let text = match self.pieces.get(self.piece) {
                None => {
                    self.token = Token::End;
                    return Ok(());
                }
                Some(&Piece::Operand(number)) => {
                    self.piece += 1;
                    self.token = Token::Operand(number);
                    // An operand that touches a name or number is a part of it, which only its text can tell.
                    if self.touches() {
                        return Err("expansion within a token".into());
                    }
                    return Ok(());
                }
                Some(&Piece::Text(text)) => &text[self.offset..],
            };
            let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.offset += blank;
            if blank < text.len() {
                return self.token_of(&text[blank..]);
            }
            self.piece += 1;
            self.offset = 0;
        }
    }

    /// Whether what comes next could belong to the same token.
    fn touches(&self) -> bool {
        match self.pieces.get(self.piece) {
            Some(Piece::Text(text)) => {
                text.get(self.offset).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            Some(Piece::Operand(_)) => true,
            None => false,
        }
    }

    fn token_of(&mut self, text: &'t [u8]) -> Result<()> {
        let first = text[0];
        if first.is_ascii_alphanumeric() || first == b'_' {
            let length = text.iter().take_while(|&&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
            self.offset += length;
            if length == text.len() && matches!(self.pieces.get(self.piece + 1), Some(Piece::Operand(_))) {
                return Err("expansion within a token".into());
            }
            self.token = if first.is_ascii_digit() {
                Token::Number(number(&text[..length])?)
            } else {
                Token::Name(&text[..length])
            };
            return Ok(());
        }
        match operator(text) {
            Some((operator, length)) => {
                self.offset += length;
                self.token = Token::Operator(operator);
                self.written = &text[..length];
                Ok(())
            }
            None => Err(format!("unexpected `{}`", String::from_utf8_lossy(&text[..1]))),
        }
    }

    fn eat(&mut self, operator: Operator) -> Result<bool> {
        let found = self.token == Token::Operator(operator);
        if found {
            self.next()?;
        }
        Ok(found)
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > 2000 { Err("nested too deeply".into()) } else { Ok(()) }
    }

    // expression = assignment , { "," , assignment } ;
    fn expression(&mut self) -> Result<Expression> {
        let mut left = self.assignment()?;
        let mut is_chain = false;
        while self.eat(Binary(BinaryOp::Comma))? {
            let right = self.assignment()?;
            left = chained(left, is_chain, BinaryOp::Comma, right);
            is_chain = true;
        }
        Ok(left)
    }

    // assignment = conditional | name , assignment_operator , assignment ;
    fn assignment(&mut self) -> Result<Expression> {
        self.enter()?;
        let left = self.conditional()?;
        let result = match (assignment_operator(self.token), left) {
            (Some(op), Expression::Variable(name)) => {
                self.next()?;
                let right = self.assignment()?;
                Expression::Assign(op, name, Box::new(right))
            }
            (Some(_), _) => return Err("only a variable can be assigned to".into()),
            (None, left) => left,
        };
        self.depth -= 1;
        Ok(result)
    }

    // conditional = binary , [ "?" , expression , ":" , conditional ] ;
    fn conditional(&mut self) -> Result<Expression> {
        let condition = self.binary(0)?;
        if !self.eat(Operator::Question)? {
            return Ok(condition);
        }
        self.enter()?;
        let yes = self.expression()?;
        if !self.eat(Operator::Colon)? {
            return Err(format!("expected `:`, found {}", self.found()));
        }
        // As in C, an assignment in the last operand needs parentheses.
        let no = self.conditional()?;
        self.depth -= 1;
        Ok(Expression::Conditional(Box::new(condition), Box::new(yes), Box::new(no)))
    }

    // binary = unary , { binary_operator , unary } ;
    fn binary(&mut self, lowest: u8) -> Result<Expression> {
        let mut left = self.unary()?;
        // The precedence of the operators in it, if it is a chain that can go on.
        let mut chain = None;
        self.split_step();
        while let Some((op, precedence)) = binary_operator(self.token).filter(|&(_, precedence)| precedence >= lowest) {
            self.next()?;
            let right = self.binary(precedence + 1)?;
            left = chained(left, chain == Some(precedence), op, right);
            chain = Some(precedence);
        }
        Ok(left)
    }

    /// `++` and `--` that stand behind an operand and step nothing are two operators: `0--1` is what `0-$x` becomes.
    fn split_step(&mut self) {
        if let Token::Operator(Step(by)) = self.token {
            self.token = Token::Operator(Binary(if by == 1 { BinaryOp::Add } else { BinaryOp::Subtract }));
            // Nothing behind the operator was looked at yet.
            self.offset -= 1;
        }
    }

    /// Whether an operand begins here.
    fn is_at_operand(&self) -> bool {
        match self.token {
            Token::Operator(operator) => matches!(operator, Operator::Open | Operator::BitNot | Operator::Not),
            Token::End => false,
            _ => true,
        }
    }

    // unary = ( "+" | "-" | "~" | "!" ) , unary | prefix_step | primary ;
    fn unary(&mut self) -> Result<Expression> {
        let Token::Operator(operator) = self.token else { return self.primary() };
        let op = match operator {
            Binary(BinaryOp::Subtract) => UnaryOp::Minus,
            Binary(BinaryOp::Add) => UnaryOp::Plus,
            Operator::BitNot => UnaryOp::BitNot,
            Operator::Not => UnaryOp::Not,
            Step(by) => return self.prefix_step(by),
            _ => return self.primary(),
        };
        self.enter()?;
        self.next()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Expression::Unary(op, Box::new(operand)))
    }

    // prefix_step = ( "++" | "--" ) , ( name | unary ) ;
    fn prefix_step(&mut self, by: i64) -> Result<Expression> {
        self.next()?;
        if let Token::Name(name) = self.token {
            let name = Name::new(name);
            self.next()?;
            return Ok(Expression::Step { name, by, prefix: true });
        }
        // `--5` and `- -5` are the same.
        self.enter()?;
        let operand = self.unary()?;
        self.depth -= 1;
        let op = if by == 1 { UnaryOp::Plus } else { UnaryOp::Minus };
        Ok(Expression::Unary(op, Box::new(Expression::Unary(op, Box::new(operand)))))
    }

    // primary = number | name , [ "++" | "--" ] | "(" , expression , ")" | ? an expansion ? ;
    fn primary(&mut self) -> Result<Expression> {
        match std::mem::replace(&mut self.token, Token::End) {
            Token::Number(number) => {
                self.next()?;
                Ok(Expression::Number(number))
            }
            Token::Operand(number) => {
                self.next()?;
                Ok(Expression::Operand(number))
            }
            Token::Name(name) => {
                let name = Name::new(name);
                self.next()?;
                let Token::Operator(Step(by)) = self.token else { return Ok(Expression::Variable(name)) };
                let step = (self.piece, self.offset, self.token);
                self.next()?;
                if self.is_at_operand() {
                    // `x--1`: it steps nothing.
                    (self.piece, self.offset, self.token) = step;
                    return Ok(Expression::Variable(name));
                }
                Ok(Expression::Step { name, by, prefix: false })
            }
            Token::Operator(Operator::Open) => {
                self.enter()?;
                self.next()?;
                let inner = self.expression()?;
                self.depth -= 1;
                if self.eat(Operator::Close)? {
                    Ok(inner)
                } else {
                    Err(format!("expected `)`, found {}", self.found()))
                }
            }
            token => {
                self.token = token;
                Err(format!("expected a number or a variable, found {}", self.found()))
            }
        }
    }
}

/// `left op right`; `left` may be a chain that goes on.
fn chained(left: Expression, goes_on: bool, op: BinaryOp, right: Expression) -> Expression {
    match left {
        Expression::Chain(first, mut rest) if goes_on => {
            rest.push((op, right));
            Expression::Chain(first, rest)
        }
        left => Expression::Chain(Box::new(left), vec![(op, right)]),
    }
}

// number = "0" | "1" | "42" | "010" | "0x1F" | "9223372036854775807" ;
fn number(text: &[u8]) -> Result<i64> {
    parse_integer(text).ok_or_else(|| {
        let is_octal = matches!(text, [b'0', second, ..] if !second.eq_ignore_ascii_case(&b'x'));
        let why = if is_octal { " (a leading 0 means octal)" } else { "" };
        format!("`{}` is not a number{why}", String::from_utf8_lossy(text))
    })
}

// assignment_operator = "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "<<=" | ">>=" | "&=" | "^=" | "|=" ;
fn assignment_operator(token: Token<'_>) -> Option<Option<BinaryOp>> {
    if let Token::Operator(Assign(op)) = token { Some(op) } else { None }
}

// binary_operator = "||" | "&&" | "|" | "^" | "&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "<<" | ">>" | "+" | "-"
//     | "*" | "/" | "%" ;
/// An operator with its precedence; all of them associate to the left.
fn binary_operator(token: Token<'_>) -> Option<(BinaryOp, u8)> {
    use BinaryOp as B;
    let Token::Operator(Binary(op)) = token else { return None };
    let precedence = match op {
        B::Comma => return None,
        B::Or => 1,
        B::And => 2,
        B::BitOr => 3,
        B::BitXor => 4,
        B::BitAnd => 5,
        B::Equal | B::NotEqual => 6,
        B::Less | B::LessEqual | B::Greater | B::GreaterEqual => 7,
        B::ShiftLeft | B::ShiftRight => 8,
        B::Add | B::Subtract => 9,
        B::Multiply | B::Divide | B::Remainder => 10,
    };
    Some((op, precedence))
}
