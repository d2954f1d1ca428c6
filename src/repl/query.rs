//! Runs one statement: planned and read in a task of its own, so that Ctrl-C stops it at once.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::Shell;
use super::diagnose::{Diagnosis, Statement, diagnose};
use crate::error::Error;
use crate::render::{Layout, Renderer};

/// Batches made ahead of what is printed.
const BATCHES_AHEAD: usize = 2;

/// Statements that begin so leave names and settings as they are.
const READING: [&str; 7] = ["select", "with", "values", "explain", "show", "describe", "copy"];

enum Part {
    Schema(SchemaRef),
    Batch(RecordBatch),
}

enum Failure {
    /// By Ctrl-C.
    Stopped,
    Failed(DataFusionError),
}

/// A running query; dropping it stops it.
struct Query {
    parts: Receiver<Result<Part, DataFusionError>>,
    task: JoinSet<()>,
    interruption: BoxFuture<'static, ()>,
}

impl Query {
    fn start(ctx: &SessionContext, sql: &str, is_interactive: bool) -> Self {
        let (sender, parts) = channel(BATCHES_AHEAD);
        let mut task = JoinSet::new();
        let (ctx, sql) = (ctx.clone(), sql.to_owned());
        task.spawn(async move {
            if let Err(error) = produce(&ctx, &sql, &sender).await {
                // Nobody listens any more once the query is stopped.
                let _ = sender.send(Err(error)).await;
            }
        });
        Self { parts, task, interruption: Box::pin(interruption(is_interactive)) }
    }

    /// What comes next, the schema first; `None` at the end.
    async fn next(&mut self) -> Result<Option<Part>, Failure> {
        let part = tokio::select! {
            biased;
            () = &mut self.interruption => return Err(Failure::Stopped),
            part = self.parts.recv() => part,
        };
        match part {
            Some(part) => part.map(Some).map_err(Failure::Failed),
            // The channel also ends when the task panics.
            None => match self.task.join_next().await {
                Some(Err(error)) => {
                    Err(Failure::Failed(DataFusionError::ExecutionJoin(Box::new(error))))
                }
                _ => Ok(None),
            },
        }
    }
}

async fn produce(
    ctx: &SessionContext,
    sql: &str,
    parts: &Sender<Result<Part, DataFusionError>>,
) -> Result<(), DataFusionError> {
    let mut stream = ctx.sql(sql).await?.execute_stream().await?;
    if parts.send(Ok(Part::Schema(stream.schema()))).await.is_err() {
        return Ok(());
    }
    while let Some(batch) = stream.next().await {
        if parts.send(Ok(Part::Batch(batch?))).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

impl Shell<'_> {
    /// Runs one statement and prints what it gives.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<(), Diagnosis> {
        let started = Instant::now();
        let outcome = self.print_result(statement).await;
        if !is_reading(statement.sql) {
            self.names.forget();
        }
        if outcome? && self.is_interactive {
            writeln!(self.out, "\\x shows every column")?;
        }
        if self.options.is_timing {
            writeln!(self.out, "Time: {}", milliseconds(started.elapsed()))?;
        }
        Ok(())
    }

    /// Returns whether columns found no room.
    async fn print_result(&mut self, statement: Statement<'_>) -> Result<bool, Diagnosis> {
        let (format, layout) = (self.options.format, self.layout());
        let closed = self.out.closed();
        let explain = |failure| match failure {
            Failure::Stopped => Error::new("the query was stopped").into(),
            Failure::Failed(error) => diagnose(&error, statement, &self.names),
        };
        let mut query = Query::start(self.ctx, statement.sql, self.is_interactive);
        let Some(Part::Schema(schema)) = query.next().await.map_err(explain)? else {
            return Ok(false);
        };
        if schema.fields().is_empty() {
            while query.next().await.map_err(explain)?.is_some() {}
            if self.is_interactive {
                writeln!(self.out, "ok")?;
            }
            return Ok(false);
        }
        let layout = layout_for(&schema, layout);
        let mut renderer = Renderer::new(format, layout, schema, &mut self.out);
        while let Some(part) = query.next().await.map_err(explain)? {
            if let Part::Batch(batch) = part {
                renderer.write(&batch)?;
            }
            if closed.load(Ordering::Relaxed) {
                return Ok(false);
            }
        }
        Ok(renderer.finish()?.hidden_columns > 0)
    }
}

/// Ends at Ctrl-C; never where nobody presses it, there the signal ends the program as usual.
async fn interruption(is_interactive: bool) {
    if !is_interactive || tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Plans are long lines that mean nothing when cut: on a terminal they are not put into a box.
fn layout_for(schema: &SchemaRef, layout: Layout) -> Layout {
    let is_plan =
        schema.fields().iter().map(|field| field.name().as_str()).eq(["plan_type", "plan"]);
    Layout { is_expanded: layout.is_expanded || (is_plan && layout.width.is_some()), ..layout }
}

fn is_reading(sql: &str) -> bool {
    let first = sql.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
    first.is_some_and(|word| READING.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
