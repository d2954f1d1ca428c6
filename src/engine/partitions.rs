//! What is done with all partitions of a plan at once.

use std::sync::Arc;

use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{ExecutionPlan, execute_stream_partitioned};
use futures::future::try_join_all;

/// Does something with each partition, told its number, on a task of its own.
pub async fn of_each_partition<T, F>(
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    mut task: impl FnMut(usize, SendableRecordBatchStream) -> F,
) -> Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let streams = execute_stream_partitioned(plan, context)?.into_iter().enumerate();
    let tasks = streams.map(|(number, rows)| SpawnedTask::spawn(task(number, rows)).join());
    let done = try_join_all(tasks).await.map_err(|e| DataFusionError::External(e.into()))?;
    done.into_iter().collect()
}
