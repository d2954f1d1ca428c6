//! Objects of which only a part landed, so that what follows from them is not known.

use super::read;
use crate::engine::Engine;
use crate::engine::options::Settings;
use crate::error::Result;
use crate::format::counted;

/// A sentence for each kind of object whose list has more than what landed of it.
pub async fn partial_lists(engine: &Engine, settings: &Settings) -> Result<Vec<String>> {
    let session = engine.session_with(settings.clone(), None)?;
    let partial = session.query(&engine.command("partial_lists")?.text).await?;
    let mut sentences = vec![];
    for row in read::records(&partial)? {
        let (what, list) = (row.text("what")?, row.text("list")?);
        let (verb, objects) = match row.count("objects")? {
            0 => continue,
            1 => ("shows", counted(1, &what)),
            n => ("show", counted(n, &what)),
        };
        sentences.push(format!(
            "{objects} {verb} a part of the {list} only (has_more): what follows from those is \
             NULL until the rest lands, as {} objects that name the {what}",
            row.text("completed_by")?
        ));
    }
    Ok(sentences)
}
