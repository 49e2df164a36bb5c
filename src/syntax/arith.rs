//! Arithmetic expressions (XCU 2.6.4; the operators of ISO C 6.5, by precedence climbing).

use crate::status::{Error, ExitStatus};
use crate::syntax::ast::{BinaryOp, Expression, Name, UnaryOp, WordPart};
use bstr::BString;

/// A token of an expression.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'t> {
    Number(i64),
    Name(&'t [u8]),
    Operand(usize),
    Operator(&'static [u8]),
    End,
}

/// The operator at the start of the text, the longest one that there is.
fn operator(text: &[u8]) -> Option<&'static [u8]> {
    Some(match text {
        [b'<', b'<', b'=', ..] => b"<<=",
        [b'>', b'>', b'=', ..] => b">>=",
        [b'<', b'<', ..] => b"<<",
        [b'>', b'>', ..] => b">>",
        [b'+', b'+', ..] => b"++",
        [b'-', b'-', ..] => b"--",
        [b'&', b'&', ..] => b"&&",
        [b'|', b'|', ..] => b"||",
        [b'<', b'=', ..] => b"<=",
        [b'>', b'=', ..] => b">=",
        [b'=', b'=', ..] => b"==",
        [b'!', b'=', ..] => b"!=",
        [b'+', b'=', ..] => b"+=",
        [b'-', b'=', ..] => b"-=",
        [b'*', b'=', ..] => b"*=",
        [b'/', b'=', ..] => b"/=",
        [b'%', b'=', ..] => b"%=",
        [b'&', b'=', ..] => b"&=",
        [b'^', b'=', ..] => b"^=",
        [b'|', b'=', ..] => b"|=",
        [b'+', ..] => b"+",
        [b'-', ..] => b"-",
        [b'*', ..] => b"*",
        [b'/', ..] => b"/",
        [b'%', ..] => b"%",
        [b'<', ..] => b"<",
        [b'>', ..] => b">",
        [b'=', ..] => b"=",
        [b'!', ..] => b"!",
        [b'~', ..] => b"~",
        [b'&', ..] => b"&",
        [b'^', ..] => b"^",
        [b'|', ..] => b"|",
        [b'?', ..] => b"?",
        [b':', ..] => b":",
        [b',', ..] => b",",
        [b'(', ..] => b"(",
        [b')', ..] => b")",
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
    let is_start = |&end: &usize| text[end] & 0xC0 != 0x80;
    (text.len() > 80).then(|| (0..=60).rev().find(is_start)).flatten().map(|end| &text[..end])
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
        let mut reader = Self { pieces, piece: 0, offset: 0, token: Token::End, depth: 0 };
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
            Token::Operator(operator) => format!("`{}`", String::from_utf8_lossy(operator)),
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
            Some(operator) => {
                self.offset += operator.len();
                self.token = Token::Operator(operator);
                Ok(())
            }
            None => Err(format!("unexpected `{}`", String::from_utf8_lossy(&text[..1]))),
        }
    }

    fn eat(&mut self, operator: &[u8]) -> Result<bool> {
        let found = matches!(self.token, Token::Operator(token) if token == operator);
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
        while self.eat(b",")? {
            let right = self.assignment()?;
            left = Expression::Binary(BinaryOp::Comma, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    // assignment = conditional | name , assignment_operator , assignment ;
    fn assignment(&mut self) -> Result<Expression> {
        self.enter()?;
        let left = self.conditional()?;
        let result = match (assignment_operator(&self.token), left) {
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
        if !self.eat(b"?")? {
            return Ok(condition);
        }
        self.enter()?;
        let yes = self.expression()?;
        if !self.eat(b":")? {
            return Err(format!("expected `:`, found {}", self.found()));
        }
        // Assignment in the last operand is C's syntax error that all shells accept.
        let no = self.conditional()?;
        self.depth -= 1;
        Ok(Expression::Conditional(Box::new(condition), Box::new(yes), Box::new(no)))
    }

    // binary = unary , { binary_operator , unary } ;
    fn binary(&mut self, lowest: u8) -> Result<Expression> {
        let mut left = self.unary()?;
        self.split_step();
        while let Some((op, precedence)) = binary_operator(&self.token).filter(|&(_, precedence)| precedence >= lowest)
        {
            self.next()?;
            let right = self.binary(precedence + 1)?;
            left = Expression::Binary(op, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// `++` and `--` that stand behind an operand and step nothing are two operators: `0--1` is what `0-$x` becomes.
    fn split_step(&mut self) {
        self.token = match self.token {
            Token::Operator(b"++") => Token::Operator(b"+"),
            Token::Operator(b"--") => Token::Operator(b"-"),
            _ => return,
        };
        // Nothing behind the operator was looked at yet.
        self.offset -= 1;
    }

    /// Whether an operand begins here.
    fn is_at_operand(&self) -> bool {
        match self.token {
            Token::Operator(operator) => matches!(operator, b"(" | b"~" | b"!"),
            Token::End => false,
            _ => true,
        }
    }

    // unary = ( "+" | "-" | "~" | "!" ) , unary | prefix_step | primary ;
    fn unary(&mut self) -> Result<Expression> {
        let Token::Operator(operator) = self.token else { return self.primary() };
        let op = match operator {
            b"-" => UnaryOp::Minus,
            b"+" => UnaryOp::Plus,
            b"~" => UnaryOp::BitNot,
            b"!" => UnaryOp::Not,
            b"++" | b"--" => return self.prefix_step(operator),
            _ => return self.primary(),
        };
        self.enter()?;
        self.next()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Expression::Unary(op, Box::new(operand)))
    }

    // prefix_step = ( "++" | "--" ) , ( name | unary ) ;
    fn prefix_step(&mut self, operator: &[u8]) -> Result<Expression> {
        self.next()?;
        let by = if operator == b"++" { 1 } else { -1 };
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
                let by = match self.token {
                    Token::Operator(b"++") => 1,
                    Token::Operator(b"--") => -1,
                    _ => return Ok(Expression::Variable(name)),
                };
                let step = (self.piece, self.offset, self.token);
                self.next()?;
                if self.is_at_operand() {
                    // `x--1`: it steps nothing.
                    (self.piece, self.offset, self.token) = step;
                    return Ok(Expression::Variable(name));
                }
                Ok(Expression::Step { name, by, prefix: false })
            }
            Token::Operator(b"(") => {
                self.enter()?;
                self.next()?;
                let inner = self.expression()?;
                self.depth -= 1;
                if self.eat(b")")? { Ok(inner) } else { Err(format!("expected `)`, found {}", self.found())) }
            }
            token => {
                self.token = token;
                Err(format!("expected a number or a variable, found {}", self.found()))
            }
        }
    }
}

// number = "0" | "1" | "42" | "010" | "0x1F" | "9223372036854775807" ;
fn number(text: &[u8]) -> Result<i64> {
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        rest => (10, rest),
    };
    let mut value = 0i64;
    for &digit in digits {
        let Some(digit) = char::from(digit).to_digit(radix) else {
            let why = if radix == 8 { " (a leading 0 means octal)" } else { "" };
            return Err(format!("`{}` is not a number{why}", String::from_utf8_lossy(text)));
        };
        value = value.wrapping_mul(i64::from(radix)).wrapping_add(i64::from(digit));
    }
    Ok(value)
}

// assignment_operator = "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "<<=" | ">>=" | "&=" | "^=" | "|=" ;
fn assignment_operator(token: &Token<'_>) -> Option<Option<BinaryOp>> {
    let Token::Operator(operator) = token else { return None };
    Some(match *operator {
        b"=" => None,
        b"+=" => Some(BinaryOp::Add),
        b"-=" => Some(BinaryOp::Subtract),
        b"*=" => Some(BinaryOp::Multiply),
        b"/=" => Some(BinaryOp::Divide),
        b"%=" => Some(BinaryOp::Remainder),
        b"<<=" => Some(BinaryOp::ShiftLeft),
        b">>=" => Some(BinaryOp::ShiftRight),
        b"&=" => Some(BinaryOp::BitAnd),
        b"^=" => Some(BinaryOp::BitXor),
        b"|=" => Some(BinaryOp::BitOr),
        _ => return None,
    })
}

// binary_operator = "||" | "&&" | "|" | "^" | "&" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "<<" | ">>" | "+" | "-"
//     | "*" | "/" | "%" ;
/// An operator with its precedence; all of them associate to the left.
fn binary_operator(token: &Token<'_>) -> Option<(BinaryOp, u8)> {
    let Token::Operator(operator) = token else { return None };
    Some(match *operator {
        b"||" => (BinaryOp::Or, 1),
        b"&&" => (BinaryOp::And, 2),
        b"|" => (BinaryOp::BitOr, 3),
        b"^" => (BinaryOp::BitXor, 4),
        b"&" => (BinaryOp::BitAnd, 5),
        b"==" => (BinaryOp::Equal, 6),
        b"!=" => (BinaryOp::NotEqual, 6),
        b"<" => (BinaryOp::Less, 7),
        b"<=" => (BinaryOp::LessEqual, 7),
        b">" => (BinaryOp::Greater, 7),
        b">=" => (BinaryOp::GreaterEqual, 7),
        b"<<" => (BinaryOp::ShiftLeft, 8),
        b">>" => (BinaryOp::ShiftRight, 8),
        b"+" => (BinaryOp::Add, 9),
        b"-" => (BinaryOp::Subtract, 9),
        b"*" => (BinaryOp::Multiply, 10),
        b"/" => (BinaryOp::Divide, 10),
        b"%" => (BinaryOp::Remainder, 10),
        _ => return None,
    })
}
