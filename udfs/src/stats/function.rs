//! How a SQL function is declared: name, typed arguments with defaults, documentation.

use std::fmt;
use std::hash::{Hash, Hasher};

use arrow::datatypes::DataType;
use datafusion_expr::{DocSection, Documentation, Signature, TypeSignature, Volatility};

/// What an argument accepts; the planner casts to the Arrow type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any integer, float or decimal, as Float64.
    Number,
    /// As `Number`, but of an aggregate: one value for all rows.
    Setting,
    Truth,
    /// Any type that has a text form, as Utf8.
    Text,
}

impl Kind {
    pub fn data_type(self) -> DataType {
        match self {
            Self::Number | Self::Setting => DataType::Float64,
            Self::Truth => DataType::Boolean,
            Self::Text => DataType::Utf8,
        }
    }
}

/// One argument; those with a default come last and may be left out.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Option<f64>,
    pub description: &'static str,
}

impl Argument {
    /// An argument that has to be given.
    pub const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self { name, kind, default: None, description }
    }

    /// A number that may be left out.
    pub const fn optional(name: &'static str, default: f64, description: &'static str) -> Self {
        Self { name, kind: Kind::Number, default: Some(default), description }
    }
}

/// All of a SQL function but the computation.
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    pub name: &'static str,
    pub arguments: &'static [Argument],
    /// What it returns, in which unit, and what happens at the edges.
    pub description: &'static str,
    /// Queries, each followed by `-- ` and the first value of its first row.
    pub example: &'static str,
}

impl Declaration {
    /// How many arguments have to be given.
    fn required(&self) -> usize {
        self.arguments.iter().filter(|argument| argument.default.is_none()).count()
    }

    /// One exact list of types per number of arguments that may be given.
    pub fn signature(&self) -> Signature {
        let types: Vec<_> = self.arguments.iter().map(|a| a.kind.data_type()).collect();
        let lists = (self.required()..=types.len())
            .map(|given| TypeSignature::Exact(types[..given].to_vec()))
            .collect();
        Signature {
            type_signature: TypeSignature::OneOf(lists),
            volatility: Volatility::Immutable,
            parameter_names: Some(self.arguments.iter().map(|a| a.name.to_string()).collect()),
        }
    }

    /// `suffix` follows the call, for example ` over (…)`.
    pub fn documentation(&self, suffix: &str) -> Documentation {
        let section = DocSection { include: true, label: "Statistics", description: None };
        let syntax = self.syntax() + suffix;
        let builder = Documentation::builder(section, self.description, syntax)
            .with_sql_example(self.example);
        self.arguments
            .iter()
            .fold(builder, |builder, argument| {
                let description = match argument.default {
                    Some(default) => format!("{} Default {default}.", argument.description),
                    None => argument.description.to_string(),
                };
                builder.with_argument(argument.name, description)
            })
            .build()
    }

    /// `name(a, b[, c])`
    fn syntax(&self) -> String {
        let mut list = String::new();
        for (position, argument) in self.arguments.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            let piece = match argument.default {
                Some(_) => format!("[{comma}{}]", argument.name),
                None => format!("{comma}{}", argument.name),
            };
            list.push_str(&piece);
        }
        format!("{}({list})", self.name)
    }
}

/// A line of a table of functions: a declaration and what computes it.
pub trait Declares: 'static {
    fn declaration(&self) -> &Declaration;
}

/// A line of a table in the form in which DataFusion holds functions.
///
/// Two are equal if they have the same name; every line of the tables has its own.
pub struct Declared<F: 'static> {
    pub function: &'static F,
    pub signature: Signature,
    pub documentation: Documentation,
}

impl<F: Declares> Declared<F> {
    /// `suffix` follows the call in the documented syntax.
    pub fn new(function: &'static F, suffix: &str) -> Self {
        let declaration = function.declaration();
        let signature = declaration.signature();
        let documentation = declaration.documentation(suffix);
        Self { function, signature, documentation }
    }

    pub fn name(&self) -> &'static str {
        self.function.declaration().name
    }
}

impl<F: Declares> fmt::Debug for Declared<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<F: Declares> PartialEq for Declared<F> {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl<F: Declares> Eq for Declared<F> {}

impl<F: Declares> Hash for Declared<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARGUMENTS: &[Argument] = &[
        Argument::new("x", Kind::Number, "Where from."),
        Argument::optional("by", 1.5, "How far."),
    ];

    #[test]
    fn arguments_with_a_default_may_be_left_out() {
        let declaration = Declaration {
            name: "shift",
            arguments: ARGUMENTS,
            description: "x further on.",
            example: "select shift(1);\n-- 2.5",
        };
        let number = DataType::Float64;
        assert_eq!(
            declaration.signature().type_signature,
            TypeSignature::OneOf(vec![
                TypeSignature::Exact(vec![number.clone()]),
                TypeSignature::Exact(vec![number.clone(), number]),
            ])
        );
        let documentation = declaration.documentation("");
        assert_eq!(documentation.syntax_example, "shift(x[, by])");
        let arguments = documentation.arguments.unwrap();
        assert_eq!(arguments[1], ("by".to_string(), "How far. Default 1.5.".to_string()));
    }
}
