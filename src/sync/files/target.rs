//! What a column of product events can be for, and what such columns are usually called.

use std::borrow::Cow;

use super::events;
use crate::sync::json::Json;

/// What a column of a file can be for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    Event,
    Time,
    User,
    Email,
    Account,
    StripeCustomer,
    Id,
    Properties,
    IngestedAt,
}

/// Targets in the order in which they choose among columns.
pub const TARGETS: &[Target] = &[
    Target::Event,
    Target::Time,
    Target::User,
    Target::Email,
    Target::Account,
    Target::StripeCustomer,
    Target::Id,
    Target::Properties,
    Target::IngestedAt,
];

impl Target {
    /// The column of the log that the target fills.
    pub fn column(self) -> &'static str {
        match self {
            Target::Event => "event",
            Target::Time => "occurred_at",
            Target::User => "distinct_id",
            Target::Email => "email",
            Target::Account => "account_id",
            Target::StripeCustomer => "stripe_customer_id",
            Target::Id => "uuid",
            Target::Properties => "properties",
            Target::IngestedAt => "ingested_at",
        }
    }

    /// The key of `[[source.files]]` that sets it.
    pub fn key(self) -> &'static str {
        match self {
            Target::Event => "event",
            Target::Time => "time",
            Target::User => "user",
            Target::Email => "email",
            Target::Account => "account",
            Target::StripeCustomer => "stripe_customer",
            Target::Id => "id",
            Target::Properties => "properties",
            Target::IngestedAt => "ingested_at",
        }
    }

    /// Whether values only tell one thing from another.
    pub fn is_id(self) -> bool {
        matches!(self, Target::User | Target::Account | Target::StripeCustomer | Target::Id)
    }

    /// A value as the text that the column holds.
    pub fn text<'a>(self, json: &'a Json<'_>) -> Result<Option<Cow<'a, str>>, String> {
        if self.is_id() { events::id(json) } else { events::text(json) }
    }

    /// Usual names, likeliest first.
    pub fn usual_names(self) -> &'static [&'static str] {
        match self {
            Target::Event => &["event", "event_name", "eventName", "name", "type", "action"],
            Target::Time => &[
                "timestamp",
                "time",
                "occurred_at",
                "created_at",
                "ts",
                "date",
                "sent_at",
                "received_at",
                "event_time",
                "event_timestamp",
            ],
            Target::User => &[
                "user_id",
                "userId",
                "distinct_id",
                "uid",
                "anonymous_id",
                "anonymousId",
                "user.id",
            ],
            Target::Email => &[
                "email",
                "user_email",
                "userEmail",
                "e-mail",
                "mail",
                "email_address",
                "user.email",
                "traits.email",
                "context.traits.email",
                "properties.email",
            ],
            Target::Account => &[
                "account_id",
                "accountId",
                "org_id",
                "organization_id",
                "workspace_id",
                "team_id",
                "company_id",
                "group_id",
                "groupId",
                "tenant_id",
                "context.groupId",
            ],
            Target::StripeCustomer => &["stripe_customer_id", "stripe_customer"],
            // Never guessed: an id that is not unique would make many events one.
            Target::Id => &[],
            Target::Properties => {
                &["properties", "props", "event_properties", "data", "attributes"]
            }
            Target::IngestedAt => &["_inserted_at", "ingested_at", "received_at", "inserted_at"],
        }
    }
}
