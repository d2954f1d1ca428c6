//! The product events of all accounts in order of time, day by day: only accounts that are active
//! on a day are held, and only what is needed of them.

mod export;
mod names;
mod volume;

use std::path::Path;

use uuid::Uuid;

use self::export::{Export, Row};
pub use self::volume::Volume;
use self::volume::{NEW_DAYS, NEW_FACTOR, shares};
use super::Settings;
use super::account::{Account, Kind, World};
use super::calendar::{AS_OF, DAY, DAYS, day_of, day_start, time_of_day};
use super::company::{Behaviour, DOMAIN};
use super::people::Identity;
use super::random::{Random, Streams, mix};
use crate::error::Result;

/// How much of its usual an account does on a day.
const MOODS: [u64; 8] = [0, 0, 1, 1, 2, 2, 4, 8];
/// One event in so many is that of a visitor whom nobody knows.
const VISITORS: u64 = 30;
/// The user number of a consultant.
const CONSULTANT: u8 = 15;
/// Who does it: nobody known.
const VISITOR: u32 = u32::MAX;

/// What is held of an active account.
struct Active {
    number: u64,
    identity: Identity,
    is_internal: bool,
    users: u8,
    consultant: Option<String>,
    intensity: u64,
    spans: Vec<(i64, i64)>,
    shown: Vec<(i64, Behaviour)>,
    /// The behaviours shown on earlier days.
    known: u8,
}

/// An event of a day, before it is put into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    /// µs.
    at: i64,
    /// Tells events of one moment apart.
    order: u32,
    who: u32,
    user: u8,
    name: u8,
    detail: u16,
}

/// Writes about as many product events as wanted; `progress` hears how many there are so far.
/// Returns how many were written: more than wanted, if what is planted needs more.
pub fn write(
    world: &World,
    settings: &Settings,
    volume: &Volume,
    folder: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    let per_day = volume.per_day(settings.events);
    let days = Streams::new(settings.seed, "days");
    let mut writer = Writer {
        world,
        export: Export::new(folder)?,
        text: Text::default(),
        until: settings.as_of * 1_000_000,
    };
    let mut active: Vec<Active> = vec![];
    let mut today: Vec<Event> = vec![];
    for (day, &wanted) in per_day.iter().enumerate().take(DAYS) {
        let start = day_start(day);
        active.retain(|account| account.spans.iter().any(|&(_, to)| to >= start));
        let newcomers = world.arrivals.on(day).map(|number| world.account(number));
        active.extend(newcomers.filter(|account| !account.active.is_empty()).map(Active::new));
        let mut random = days.stream(day as u64);
        today.clear();
        plant(world, &active, start, &mut today);
        fill(&active, start, wanted, &mut random, &mut today);
        today.sort_unstable();
        for event in &today {
            writer.push(event, &active, &mut random)?;
        }
        for account in &mut active {
            account.remember(start + DAY);
        }
        progress(writer.export.rows);
    }
    writer.export.finish()
}

impl Active {
    fn new(account: Account) -> Self {
        Self {
            number: account.number,
            identity: account.identity,
            is_internal: account.kind == Kind::Internal,
            users: account.users as u8,
            consultant: account.consultant,
            intensity: account.intensity,
            spans: account.active,
            shown: account.shown,
            known: 0,
        }
    }

    /// Forgets what was shown before `until`, but that it was.
    fn remember(&mut self, until: i64) {
        let old = self.shown.partition_point(|&(at, _)| at < until);
        for (_, behaviour) in self.shown.drain(..old) {
            self.known |= behaviour.bit();
        }
    }

    /// The span that reaches into the day.
    fn span(&self, start: i64) -> Option<(i64, i64)> {
        let mut spans = self.spans.iter().copied();
        spans.find(|&(from, to)| from < start + DAY && to >= start)
    }

    fn weight(&self, start: i64, random: &mut Random) -> u64 {
        let mood = MOODS[random.below(MOODS.len() as u64) as usize];
        if self.span(start).is_none() {
            return 0;
        }
        let is_new = day_of(start) < day_of(self.spans[0].0) + NEW_DAYS;
        self.intensity * mood * if is_new { NEW_FACTOR } else { 1 }
    }
}

/// What must happen on the day: signing up, and the planted behaviours.
fn plant(world: &World, active: &[Active], start: i64, today: &mut Vec<Event>) {
    let until = start + DAY;
    for (who, account) in active.iter().enumerate() {
        let (signed_up, _) = account.spans[0];
        let mut push = |at: i64, name: u8| {
            let bits = mix(mix(account.number) ^ at as u64);
            // Someone of the account whose events can be told to be its.
            let user = (bits % u64::from(account.users)) as u8;
            let domain = account.domain(world);
            let person =
                world.people.person(account.number, u64::from(user), account.identity, &domain);
            today.push(Event {
                at: at * 1_000_000,
                order: today.len() as u32,
                who: who as u32,
                user: if person.is_known { user } else { 0 },
                name,
                detail: (bits >> 32) as u16,
            });
        };
        if (start..until).contains(&signed_up) {
            push(signed_up, names::SIGNED_UP);
        }
        for &(at, behaviour) in account.shown.iter().take_while(|(at, _)| *at < until) {
            push(at, names::of_behaviour(behaviour));
        }
    }
}

/// Everything else that happens on the day, `wanted` events of it.
fn fill(active: &[Active], start: i64, wanted: u64, random: &mut Random, today: &mut Vec<Event>) {
    let mut weights: Vec<u64> =
        active.iter().map(|account| account.weight(start, random)).collect();
    weights.push(weights.iter().sum::<u64>() / VISITORS + 1);
    for (who, count) in shares(wanted, &weights).into_iter().enumerate() {
        let account = active.get(who);
        let span = account.and_then(|account| account.span(start));
        for _ in 0..count {
            let at = moment(start, span, random);
            let (user, name) = match account {
                Some(account) => (account.someone(random), names::any(account.known, random)),
                None => (0, names::PAGE),
            };
            today.push(Event {
                at,
                order: today.len() as u32,
                who: if account.is_some() { who as u32 } else { VISITOR },
                user,
                name,
                detail: random.bits() as u16,
            });
        }
    }
}

/// A moment of the day, µs, within the span.
fn moment(start: i64, span: Option<(i64, i64)>, random: &mut Random) -> i64 {
    let mut second = start + time_of_day(random);
    let micros = random.between(0, 1_000_000);
    if let Some((from, to)) = span {
        let (from, to) = (from.max(start), to.min(start + DAY).min(AS_OF));
        if second < from || second >= to {
            second = random.between(from, to);
        }
    }
    second * 1_000_000 + micros
}

impl Active {
    /// One of the users, the first ones more often.
    fn someone(&self, random: &mut Random) -> u8 {
        let users = u64::from(self.users);
        let user = random.below(users).min(random.below(users)) as u8;
        match self.consultant {
            Some(_) if random.chance(100) => CONSULTANT,
            _ => user,
        }
    }

    fn domain(&self, world: &World) -> String {
        if self.is_internal { DOMAIN.to_owned() } else { world.people.domain(self.number) }
    }
}

struct Writer<'w> {
    world: &'w World,
    export: Export,
    text: Text,
    /// µs; later events are made, as chance would have it, and not told.
    until: i64,
}

/// Buffers for the text of one event.
#[derive(Default)]
struct Text {
    properties: String,
    person: String,
    distinct_id: String,
}

impl Writer<'_> {
    fn push(&mut self, event: &Event, active: &[Active], random: &mut Random) -> Result<()> {
        let account = active.get(event.who as usize);
        let key = self.words(event, account, random);
        let uuid = uuid_at(event.at, random).hyphenated();
        if event.at > self.until {
            return Ok(());
        }
        let person_id = Uuid::from_u64_pair(mix(key), key).hyphenated();
        let mut buffers = [Uuid::encode_buffer(), Uuid::encode_buffer()];
        let [first, second] = &mut buffers;
        let Text { properties, person, distinct_id } = &self.text;
        self.export.push(&Row {
            uuid: uuid.encode_lower(first),
            event: names::NAMES[usize::from(event.name)].event,
            timestamp: event.at,
            properties: Some(properties.as_str()).filter(|text| text.len() > 2),
            distinct_id,
            person_properties: Some(person.as_str()).filter(|text| !text.is_empty()),
            person_id: person_id.encode_lower(second),
        })
    }

    /// Puts the event into words; returns the number of the person.
    fn words(&mut self, event: &Event, account: Option<&Active>, random: &mut Random) -> u64 {
        use std::fmt::Write;
        let Text { properties, person, distinct_id } = &mut self.text;
        properties.clear();
        person.clear();
        distinct_id.clear();
        properties.push('{');
        // Writing to memory does not fail.
        let key = if let Some(account) = account {
            let people = self.world.people;
            let user = u64::from(event.user);
            let consultant = account.consultant.as_deref().filter(|_| event.user == CONSULTANT);
            let email = match consultant {
                Some(consultant) => consultant.to_owned(),
                None => account.email(self.world, user),
            };
            // A consultant now and then forgets to choose whom the work is for.
            let is_told = consultant.is_none() || !event.detail.is_multiple_of(5);
            if account.identity == Identity::Group && is_told {
                let key = people.account_key(account.number);
                let _ = write!(properties, r#""$groups":{{"company":"{key}"}},"#);
            }
            let _ = write!(person, r#"{{"email":"{email}"}}"#);
            match consultant {
                Some(_) => people.consultant_key(account.number),
                None => people.key(account.number, user),
            }
        } else {
            random.bits()
        };
        let _ = match account {
            Some(_) => write!(distinct_id, "u_{key:016x}"),
            None => write!(distinct_id, "anon_{key:016x}"),
        };
        names::write_properties(event.name, event.detail, properties);
        if properties.ends_with(',') {
            properties.pop();
        }
        properties.push('}');
        key
    }
}

impl Active {
    fn email(&self, world: &World, user: u64) -> String {
        let people = world.people;
        let email = people.person(self.number, user, self.identity, &self.domain(world)).email;
        match self.identity {
            // In the product some write their address in another way than on the bill.
            Identity::FreeMail if user == 0 => people.respelled(self.number, &email),
            _ => email,
        }
    }
}

/// An id of version 7: its time, then random bits.
fn uuid_at(micros: i64, random: &mut Random) -> Uuid {
    let millis = (micros / 1000) as u64;
    let (high, low) = (random.bits(), random.bits());
    let first = (millis << 16) | 0x7000 | (high & 0x0fff);
    let second = (0b10 << 62) | (low >> 2);
    Uuid::from_u64_pair(first, second)
}
