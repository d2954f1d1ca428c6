//! The shell, on a small catalog of its own.

#![allow(clippy::disallowed_methods)]

mod completion;

mod scripts;
mod shell_commands;

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::catalog::{CatalogProvider, MemorySchemaProvider};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::*;

/// A catalog `paydirt` with `stripe.customers`, `stripe.invoices` and `public.notes`.
fn context() -> SessionContext {
    let config = SessionConfig::new()
        .with_default_catalog_and_schema("paydirt", "public")
        .with_information_schema(true);
    let ctx = SessionContext::new_with_config(config);
    let catalog: Arc<dyn CatalogProvider> = ctx.catalog("paydirt").unwrap();
    catalog.register_schema("stripe", Arc::new(MemorySchemaProvider::new())).unwrap();
    let customers = RecordBatch::try_from_iter([
        ("customer_id", Arc::new(StringArray::from(vec!["cus_1", "cus_2"])) as ArrayRef),
        ("email", Arc::new(StringArray::from(vec![Some("a@x.io"), None]))),
        ("balance_minor", Arc::new(Int64Array::from(vec![0, -500]))),
    ]);
    let invoices = RecordBatch::try_from_iter([
        ("invoice_id", Arc::new(StringArray::from(vec!["in_1"])) as ArrayRef),
        ("Total", Arc::new(Int64Array::from(vec![1200]))),
    ]);
    let notes =
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
    let table = |batch: Result<RecordBatch, _>| {
        let batch: RecordBatch = batch.unwrap();
        let schema = batch.schema();
        datafusion::datasource::MemTable::try_new(schema, vec![vec![batch]]).unwrap()
    };
    for (name, batch) in
        [("stripe.customers", customers), ("stripe.invoices", invoices), ("notes", notes)]
    {
        ctx.register_table(name, Arc::new(table(batch))).unwrap();
    }
    ctx
}

/// What a script prints, then its error.
async fn script(ctx: &SessionContext, text: &str, options: Options) -> String {
    let mut out = Vec::new();
    let outcome = run_statements(ctx, text, "t.sql", options, &mut out).await;
    let mut shown = String::from_utf8(out).unwrap();
    if let Err(error) = outcome {
        shown.push_str(&format!("error: {}\n", error.message()));
        if let Some(hint) = error.hint_text() {
            shown.push_str(&format!("hint: {hint}\n"));
        }
    }
    shown
}

fn plain() -> Options {
    Options { layout: Some(Layout::default()), history: None, ..Options::default() }
}

fn csv() -> Options {
    Options { format: Format::Csv, ..plain() }
}
