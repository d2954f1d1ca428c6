//! What people do all day in the product, how often, and what the events say of it.

use std::fmt::Write;

use crate::simulate::company::Behaviour;
use crate::simulate::random::Random;

/// A kind of product event.
#[derive(Debug)]
pub struct Name {
    pub event: &'static str,
    /// How often, among what happens anyway.
    share: u64,
    /// What the event tells beside its name.
    tells: Tells,
    /// Only after the account has shown this.
    after: Option<Behaviour>,
}

#[derive(Debug, Clone, Copy)]
enum Tells {
    Page,
    Element,
    Board,
    Count,
    Kind(&'static [&'static str]),
    Nothing,
}

const fn name(event: &'static str, share: u64, tells: Tells) -> Name {
    Name { event, share, tells, after: None }
}

const fn again(behaviour: Behaviour, event: &'static str, share: u64) -> Name {
    Name { event, share, tells: Tells::Board, after: Some(behaviour) }
}

/// All of them; the five planted behaviours come last, in their order.
pub const NAMES: [Name; 21] = [
    name("signed_up", 0, Tells::Kind(&["google", "password", "invite"])),
    name("$pageview", 365, Tells::Page),
    name("$autocapture", 160, Tells::Element),
    name("task_updated", 95, Tells::Board),
    name("session_started", 70, Tells::Kind(&["web", "web", "web", "desktop", "ios", "android"])),
    name("task_created", 55, Tells::Board),
    name("file_viewed", 42, Tells::Count),
    name("search_performed", 36, Tells::Count),
    name("notification_opened", 30, Tells::Nothing),
    name("board_opened", 24, Tells::Board),
    name("file_uploaded", 18, Tells::Count),
    name("workflow_edited", 14, Tells::Board),
    name("integration_synced", 10, Tells::Kind(&["slack", "github", "jira", "drive"])),
    name("settings_changed", 7, Tells::Nothing),
    name("help_opened", 5, Tells::Nothing),
    name("api_key_created", 2, Tells::Nothing),
    again(Behaviour::Published, "workflow_published", 22),
    again(Behaviour::Browsed, "template_browsed", 22),
    again(Behaviour::Invited, "teammate_invited", 18),
    again(Behaviour::Commented, "comment_added", 20),
    // How often reports are exported is planted, so it is never filled up.
    again(Behaviour::Exported, "report_exported", 0),
];

pub const SIGNED_UP: u8 = 0;
pub const PAGE: u8 = 1;
const FIRST_BEHAVIOUR: u8 = NAMES.len() as u8 - Behaviour::ALL.len() as u8;

pub fn of_behaviour(behaviour: Behaviour) -> u8 {
    FIRST_BEHAVIOUR + behaviour as u8
}

/// Something that an account does which has shown these behaviours.
pub fn any(shown: u8, random: &mut Random) -> u8 {
    let mut at = random.below(NAMES.iter().map(|name| name.share).sum());
    for (index, name) in NAMES.iter().enumerate() {
        if at < name.share {
            let may = name.after.is_none_or(|behaviour| shown & behaviour.bit() != 0);
            return if may { index as u8 } else { PAGE };
        }
        at -= name.share;
    }
    PAGE
}

const PAGES: [&str; 6] = ["boards", "boards", "tasks", "reports", "inbox", "settings"];
const BROWSERS: [&str; 4] = ["Chrome", "Chrome", "Safari", "Firefox"];

/// The properties as JSON text, inside the braces.
pub fn write_properties(name: u8, detail: u16, out: &mut String) {
    let pick = |n: usize| usize::from(detail) % n;
    // Writing to memory does not fail.
    let _ = match NAMES[usize::from(name)].tells {
        Tells::Page => write!(
            out,
            r#""$current_url":"https://app.loomlane.com/{}/{}","$browser":"{}""#,
            PAGES[pick(PAGES.len())],
            pick(23),
            BROWSERS[pick(BROWSERS.len())],
        ),
        Tells::Element => write!(
            out,
            r#""$event_type":"click","$el_text":"{}","$browser":"{}""#,
            ["Save", "New task", "Next", "Filter", "Share", "Close", "Assign"][pick(7)],
            BROWSERS[pick(BROWSERS.len())],
        ),
        Tells::Board => write!(out, r#""board_id":{}"#, 1 + pick(19)),
        Tells::Count => write!(out, r#""count":{}"#, 1 + pick(12)),
        Tells::Kind(kinds) => write!(out, r#""via":"{}""#, kinds[pick(kinds.len())]),
        Tells::Nothing => Ok(()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviours_stand_at_their_places() {
        for behaviour in Behaviour::ALL {
            let name = &NAMES[usize::from(of_behaviour(behaviour))];
            assert_eq!(name.after, Some(behaviour));
            assert_eq!(name.event, behaviour.event());
        }
    }

    #[test]
    fn properties_are_small_json() {
        for name in 0..NAMES.len() as u8 {
            for detail in [0, 1, 7, 65_535] {
                let mut text = "{".to_owned();
                write_properties(name, detail, &mut text);
                text.push('}');
                assert!(text.len() <= 150, "{text}");
                serde_json::from_str::<serde_json::Value>(&text).unwrap();
            }
        }
    }
}
