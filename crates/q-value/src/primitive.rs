//! The primitive functions that have a number of their own on the wire (`formats.md` section 4, "Primitive codes").

macro_rules! primitives {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal $text:literal $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($variant = $code,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            pub fn from_code(code: u8) -> Option<$name> {
                $name::ALL.iter().copied().find(|primitive| primitive.code() == code)
            }

            /// The byte on the wire.
            pub fn code(self) -> u8 {
                self as u8
            }

            /// The text shown by the console and by `parse`: a glyph such as `#:` or a word such as `avg`.
            pub fn text(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The q keyword bound to it, empty when there is none.
            pub fn keyword(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }
    };
}

primitives! {
    /// Unary primitives, type 101. `::` and the elided argument are values of their own ([`crate::Value::Identity`],
    /// [`crate::Value::Elided`]).
    Unary {
        Flip = 1 "+:" "flip",
        Neg = 2 "-:" "neg",
        First = 3 "*:" "first",
        Reciprocal = 4 "%:" "reciprocal",
        Where = 5 "&:" "where",
        Reverse = 6 "|:" "reverse",
        Null = 7 "^:" "null",
        Group = 8 "=:" "group",
        Iasc = 9 "<:" "iasc",
        Idesc = 10 ">:" "idesc",
        String = 11 "$:" "string",
        EnlistOne = 12 ",:" "",
        Count = 13 "#:" "count",
        Floor = 14 "_:" "floor",
        Not = 15 "~:" "not",
        Key = 16 "!:" "key",
        Distinct = 17 "?:" "distinct",
        Type = 18 "@:" "type",
        Value = 19 ".:" "value",
        Read0 = 20 "0::" "read0",
        Read1 = 21 "1::" "read1",
        Load2 = 22 "2::" "",
        Avg = 23 "avg" "avg",
        Last = 24 "last" "last",
        Sum = 25 "sum" "sum",
        Prd = 26 "prd" "prd",
        Min = 27 "min" "min",
        Max = 28 "max" "max",
        Exit = 29 "exit" "exit",
        Getenv = 30 "getenv" "getenv",
        Abs = 31 "abs" "abs",
        Sqrt = 32 "sqrt" "sqrt",
        Log = 33 "log" "log",
        Exp = 34 "exp" "exp",
        Sin = 35 "sin" "sin",
        Asin = 36 "asin" "asin",
        Cos = 37 "cos" "cos",
        Acos = 38 "acos" "acos",
        Tan = 39 "tan" "tan",
        Atan = 40 "atan" "atan",
        Enlist = 41 "enlist" "enlist",
        Var = 42 "var" "var",
        Dev = 43 "dev" "dev",
        Hopen = 44 "hopen" "hopen",
    }
}

primitives! {
    /// Binary primitives, type 102.
    Binary {
        Assign = 0 ":" "",
        Add = 1 "+" "",
        Subtract = 2 "-" "",
        Multiply = 3 "*" "",
        Divide = 4 "%" "",
        And = 5 "&" "and",
        Or = 6 "|" "or",
        Fill = 7 "^" "",
        Equal = 8 "=" "",
        Less = 9 "<" "",
        Greater = 10 ">" "",
        Cast = 11 "$" "",
        Join = 12 "," "",
        Take = 13 "#" "",
        Drop = 14 "_" "",
        Match = 15 "~" "",
        Bang = 16 "!" "",
        Query = 17 "?" "",
        At = 18 "@" "",
        Dot = 19 "." "",
        Text = 20 "0:" "",
        Binary = 21 "1:" "",
        Load = 22 "2:" "",
        In = 23 "in" "in",
        Within = 24 "within" "within",
        Like = 25 "like" "like",
        Bin = 26 "bin" "bin",
        Ss = 27 "ss" "ss",
        Insert = 28 "insert" "insert",
        Wsum = 29 "wsum" "wsum",
        Wavg = 30 "wavg" "wavg",
        Div = 31 "div" "div",
        Xexp = 32 "xexp" "xexp",
        Setenv = 33 "setenv" "setenv",
        Binr = 34 "binr" "binr",
        Cov = 35 "cov" "cov",
        Cor = 36 "cor" "cor",
        // not on the wire tables we know: the negated comparisons are primitives of their own in q
        NotEqual = 240 "<>" "",
        LessEqual = 241 "<=" "",
        GreaterEqual = 242 ">=" "",
    }
}
