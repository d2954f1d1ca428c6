//! Reads the blocks of a file on all cores; what they give comes back in the order of the file.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::blocks::{Block, Blocks};
use super::mapping::Sources;
use super::reading::{Reading, Sink};
use super::tally::Tally;
use crate::error::Result;
use crate::sync::report::Landed;

/// Each worker costs memory of its own.
const MAX_WORKERS: usize = 8;

/// What became of one block.
type Outcome = Result<(Vec<Vec<Landed>>, Tally)>;

/// Reads all blocks as `first` would that has read the one before them, and adds to its tally. What
/// their columns are called is guessed from what `first` knows and from the block itself, so that it
/// does not matter which block is read when.
pub fn read(
    mut blocks: Blocks<impl Read + Send>,
    first: &Reading<'_>,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<()> {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
    let (to_workers, waiting) = sync_channel(workers);
    let (to_us, outcomes) = sync_channel(workers);
    // What was read comes back: its memory is good for another block.
    let (to_cutter, spares) = channel();
    // Held by the workers alone: when they are gone, nobody cuts on.
    let waiting = Arc::new(Mutex::new(waiting));
    thread::scope(|scope| {
        scope.spawn(move || {
            for number in 0.. {
                let block = blocks.next(spares.try_recv().unwrap_or_default());
                if block.is_none_or(|block| to_workers.send((number, block)).is_err()) {
                    break;
                }
            }
        });
        for _ in 0..workers {
            let (waiting, to_us, reading) = (Arc::clone(&waiting), to_us.clone(), first.fork());
            let to_cutter = to_cutter.clone();
            scope.spawn(move || work(reading, &first.guessed, &waiting, &to_us, &to_cutter));
        }
        drop((waiting, to_us));
        take_in_order(outcomes, tally, sink)
    })
}

fn work(
    mut reading: Reading<'_>,
    guessed: &Sources,
    waiting: &Mutex<Receiver<(usize, Block)>>,
    to_us: &SyncSender<(usize, Outcome)>,
    to_cutter: &Sender<Block>,
) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = next else { return };
        reading.guessed.clone_from(guessed);
        let mut chunks = Vec::new();
        let mut keep = |chunk| {
            chunks.push(chunk);
            Ok(())
        };
        let read = reading
            .block(&block, &mut keep)
            .and_then(|_| reading.hand_on(true, &mut keep))
            .map(|_| reading.take_tally());
        // At the end of the file nobody needs it.
        let _ = to_cutter.send(block);
        let outcome = read.map(|tally| (chunks, tally));
        if to_us.send((number, outcome)).is_err() {
            return;
        }
    }
}

/// On an error `outcomes` is dropped, which lets go of whoever waits to send.
fn take_in_order(
    outcomes: Receiver<(usize, Outcome)>,
    tally: &mut Tally,
    sink: Sink<'_>,
) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, outcome) in outcomes {
        early.insert(number, outcome);
        while let Some(outcome) = early.remove(&next) {
            let (chunks, found) = outcome?;
            chunks.into_iter().try_for_each(&mut *sink)?;
            tally.append(found);
            next += 1;
        }
    }
    Ok(())
}
