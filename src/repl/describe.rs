//! What `\d`, `\dn` and `\df` show, as rows.
//!
//! The catalogs are asked directly: `information_schema` plans every view and so fails as a whole
//! when one of them is broken. Here the broken one is listed as broken, with the reason.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use datafusion::catalog::information_schema::INFORMATION_SCHEMA;
use datafusion::catalog::{TableFunction, TableProvider};
use datafusion::common::TableReference;
use datafusion::logical_expr::{Documentation, TableType};
use datafusion::prelude::SessionContext;

use super::diagnose::diagnose_name;
use super::names::{Names, Relation};
use crate::error::{Error, Result};

/// One sentence about a relation, by schema and name.
pub type Describe = Arc<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// Relations whose name fits the pattern; without one, all but `information_schema`.
pub async fn relations(
    ctx: &SessionContext,
    names: &Names,
    pattern: Option<&str>,
    describe: Option<&Describe>,
) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for relation in names.relations().iter() {
        let is_wanted = match pattern {
            Some(pattern) => fits_relation(pattern, relation, names),
            None => relation.schema != INFORMATION_SCHEMA,
        };
        if !is_wanted {
            continue;
        }
        let (kind, problem) = kind_of(ctx, names, relation).await;
        let sentence = describe.and_then(|describe| describe(&relation.schema, &relation.name));
        rows.push([
            Some(names.typed(relation)),
            Some(kind.to_owned()),
            Some(problem.or(sentence).unwrap_or_default()),
        ]);
    }
    table(["relation", "kind", "description"], rows)
}

async fn kind_of(
    ctx: &SessionContext,
    names: &Names,
    relation: &Relation,
) -> (&'static str, Option<String>) {
    if relation.schema == INFORMATION_SCHEMA {
        return ("view", None);
    }
    let schema =
        ctx.catalog(&relation.catalog).and_then(|catalog| catalog.schema(&relation.schema));
    let Some(schema) = schema else { return ("gone", None) };
    match schema.table_type(&relation.name).await {
        Ok(Some(TableType::Base)) => ("table", None),
        Ok(Some(TableType::View)) => ("view", None),
        Ok(Some(TableType::Temporary)) => ("temporary", None),
        Ok(None) => ("gone", None),
        Err(error) => ("broken", Some(diagnose_name(&error, names).message().to_owned())),
    }
}

/// The table or view of this name.
pub async fn provider(
    ctx: &SessionContext,
    names: &Names,
    name: &str,
) -> Result<Arc<dyn TableProvider>> {
    let found = ctx.table_provider(TableReference::parse_str(name)).await;
    found.map_err(|error| diagnose_name(&error, names).context(name))
}

/// Columns of a relation, with descriptions if the schema carries some.
pub fn columns(provider: &dyn TableProvider) -> Result<RecordBatch> {
    let schema = provider.schema();
    let note =
        |metadata: &std::collections::HashMap<String, String>| metadata.get("description").cloned();
    let has_notes = schema.fields().iter().any(|field| note(field.metadata()).is_some());
    let rows = schema.fields().iter().map(|field| {
        [
            Some(field.name().clone()),
            Some(sql_type(field.data_type())),
            Some(if field.is_nullable() { "yes" } else { "no" }.to_owned()),
            note(field.metadata()),
        ]
    });
    let all = table(["column", "type", "nullable", "description"], rows.collect())?;
    Ok(if has_notes { all } else { all.project(&[0, 1, 2])? })
}

/// Schemas and how many relations each holds.
pub fn schemas(names: &Names) -> Result<RecordBatch> {
    let mut counts: BTreeMap<(String, String), i64> = BTreeMap::new();
    for relation in names.relations().iter() {
        *counts.entry((relation.catalog.clone(), relation.schema.clone())).or_default() += 1;
    }
    let catalogs = StringArray::from_iter_values(counts.keys().map(|(catalog, _)| catalog));
    let schemas = StringArray::from_iter_values(counts.keys().map(|(_, schema)| schema));
    let counts = Int64Array::from_iter_values(counts.values().copied());
    Ok(RecordBatch::try_from_iter([
        ("catalog", Arc::new(catalogs) as ArrayRef),
        ("schema", Arc::new(schemas)),
        ("relations", Arc::new(counts)),
    ])?)
}

/// A function as its documentation has it.
pub struct Function {
    pub name: String,
    pub kind: &'static str,
    pub documentation: Option<Documentation>,
}

/// All functions by name, aliases included.
pub fn all_functions(ctx: &SessionContext) -> Vec<Function> {
    let state = ctx.state();
    let mut functions = Vec::new();
    let mut add = |name: &String, kind, documentation: Option<&Documentation>| {
        functions.push(Function {
            name: name.clone(),
            kind,
            documentation: documentation.cloned(),
        });
    };
    for (name, f) in state.scalar_functions() {
        add(name, "scalar", f.documentation());
    }
    for (name, f) in state.aggregate_functions() {
        add(name, "aggregate", f.documentation());
    }
    for (name, f) in state.window_functions() {
        add(name, "window", f.documentation());
    }
    for (name, f) in state.higher_order_functions() {
        add(name, "higher order", f.documentation());
    }
    let tables: &std::collections::HashMap<String, Arc<TableFunction>> = state.table_functions();
    for name in tables.keys() {
        add(name, "table", None);
    }
    functions.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    functions
}

/// One line a function.
pub fn functions(functions: &[&Function]) -> Result<RecordBatch> {
    let rows = functions.iter().map(|function| {
        let documentation = function.documentation.as_ref();
        let syntax = documentation.and_then(|doc| doc.syntax_example.lines().next());
        [
            Some(function.name.clone()),
            Some(function.kind.to_owned()),
            Some(syntax.map_or_else(|| format!("{}(…)", function.name), str::to_owned)),
            documentation.map(|doc| first_sentence(&doc.description)),
        ]
    });
    table(["function", "kind", "syntax", "description"], rows.collect())
}

/// Everything a function's documentation says.
pub fn manual(function: &Function) -> String {
    let Some(doc) = &function.documentation else {
        return format!("{} ({} function)\n", function.name, function.kind);
    };
    let mut text = format!("{} ({} function)\n", doc.syntax_example.trim(), function.kind);
    text.push_str(&format!("\n{}\n", doc.description.trim()));
    for (name, meaning) in doc.arguments.iter().flatten() {
        text.push_str(&format!("\n  {name}: {}", meaning.trim()));
    }
    if doc.arguments.as_ref().is_some_and(|arguments| !arguments.is_empty()) {
        text.push('\n');
    }
    if let Some(example) = &doc.sql_example {
        // The example is Markdown; its fences mean nothing on a screen.
        let lines = example.lines().filter(|line| !line.trim_start().starts_with("```"));
        text.push_str(&format!("\n{}\n", lines.collect::<Vec<_>>().join("\n").trim()));
    }
    text
}

/// Whether a name fits a pattern: `*` and `?` as in file names, else any part of the name.
pub fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    if is_wild(&pattern) {
        return wildcard(pattern.as_bytes(), name.as_bytes());
    }
    name.contains(&pattern)
}

pub fn is_wild(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// `stripe` and `stripe.` mean the schema, `stripe.c*` what fits in it, `c*` what fits anywhere.
fn fits_relation(pattern: &str, relation: &Relation, names: &Names) -> bool {
    let typed = names.typed(relation);
    let schema = pattern.strip_suffix('.').unwrap_or(pattern);
    if relation.schema.eq_ignore_ascii_case(schema) {
        return true;
    }
    if !is_wild(pattern) {
        return false;
    }
    let full = format!("{}.{}", relation.schema, relation.name);
    fits(pattern, &typed) || fits(pattern, &full) || fits(pattern, &relation.name)
}

fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            wildcard(rest, name) || name.split_first().is_some_and(|(_, n)| wildcard(pattern, n))
        }
        (Some((b'?', rest)), Some((_, name))) => wildcard(rest, name),
        (Some((a, rest)), Some((b, name))) => a == b && wildcard(rest, name),
        _ => false,
    }
}

/// An Arrow type in the words of SQL.
pub fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int32 => "int".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Timestamp(_, Some(zone)) => format!("timestamp {zone}"),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision}, {scale})"),
        DataType::Dictionary(_, values) => sql_type(values),
        DataType::List(item) | DataType::LargeList(item) => {
            format!("{}[]", sql_type(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|f| format!("{} {}", f.name(), sql_type(f.data_type())));
            format!("struct({})", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_sentence(text: &str) -> String {
    let text = one_line(text);
    match text.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => text,
    }
}

/// Rows of text as a batch.
fn table<const N: usize>(names: [&str; N], rows: Vec<[Option<String>; N]>) -> Result<RecordBatch> {
    let columns = (0..N).map(|column| {
        let values: StringArray = rows.iter().map(|row| row[column].as_deref()).collect();
        (names[column], Arc::new(values) as ArrayRef, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).map_err(Error::from)
}
