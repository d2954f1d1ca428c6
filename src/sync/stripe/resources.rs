//! The Stripe objects that paydirt keeps: one definition each, from which schema, extraction and
//! requests follow.
//!
//! A column reads `column, source path`. Where the API moved a field (2025-03-31.basil,
//! 2025-09-30.clover) the new path comes first and the old one after `|`, so that both
//! generations land in one form.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::column::{Column, Kind, time_type};
use super::computed;

/// One kind of object, its list endpoint, and its table of the log.
#[derive(Debug)]
pub struct Resource {
    /// Plural name, also of the SQL relation.
    pub name: &'static str,
    pub table: &'static str,
    /// Values of the objects' `object` field.
    pub objects: &'static [&'static str],
    /// List endpoint; empty where the API has none that would do.
    pub path: &'static str,
    /// The permission of a restricted key that covers it, as the dashboard calls it.
    pub scope: &'static str,
    /// What paydirt cannot tell without it.
    pub loses: &'static str,
    pub listing: Listing,
    /// The only fields that are kept of it, where the others are none of our business.
    pub keeps: &'static [&'static str],
    /// Whether it is kept only where it stands for itself: inside its parent it is a column of that.
    pub is_part: bool,
    /// The typed columns, after [`common_fields`].
    pub columns: &'static [Column],
}

/// How the objects of a resource are had from the API, all of them and whole.
#[derive(Debug)]
pub struct Listing {
    /// Parameters beside limit, cursor and times.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Parameters of which each shows a part of the list; empty if it shows itself whole.
    pub each: &'static [(&'static str, &'static str)],
    /// What is otherwise an id or absent, below the object.
    pub expand: &'static [&'static str],
    /// Lists inside the object that show their first page only.
    pub children: &'static [Children],
    /// What comes before the last dot of the types of events that carry it.
    pub events: &'static [&'static str],
    /// Whether the list takes times of creation.
    pub by_created: bool,
    /// The field that holds the time of creation.
    pub created: &'static str,
    /// Whether what is in the list no more is gone.
    pub shows_all: bool,
    /// Days after its creation in which an object may change without an event: it is listed again
    /// for so long.
    pub relisted_days: Option<i64>,
}

impl Listing {
    /// Into how many parts the list falls.
    pub fn parts(&self) -> usize {
        self.each.len().max(1)
    }
}

/// The resources that have a list.
pub fn listed() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().filter(|resource| !resource.path.is_empty())
}

/// A list inside an object, and where its other pages are.
#[derive(Debug)]
pub struct Children {
    pub list: &'static str,
    /// Whose rate limit the requests count towards.
    pub endpoint: &'static str,
    /// `{id}` is the object.
    pub path: &'static str,
    /// The parameter that names the object, where the path does not.
    pub parameter: Option<&'static str>,
    pub expand: &'static [&'static str],
}

const LISTED: Listing = Listing {
    parameters: &[],
    each: &[],
    expand: &[],
    children: &[],
    events: &[],
    by_created: true,
    created: "created",
    shows_all: false,
    relisted_days: None,
};

const fn time(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Time, paths)
}
const fn text(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Text, paths)
}
const fn id(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Id, paths)
}
const fn int(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Int, paths)
}
const fn flag(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Bool, paths)
}
const fn decimal(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Decimal, paths)
}
const fn json(name: &'static str, paths: &'static str) -> Column {
    Column::new(name, Kind::Json, paths)
}
const fn list(name: &'static str, columns: &'static [Column], paths: &'static str) -> Column {
    Column::new(name, Kind::List(columns), paths)
}

const CREATED: Column = time("created_at", "created").fact();
const CURRENCY: Column = text("currency", "currency");
const STATUS: Column = text("status", "status");
const METADATA: Column = json("metadata", "metadata");
const AMOUNT: Column = int("amount_minor", "amount");
const CUSTOMER: Column = id("customer_id", "customer");
const INVOICE: Column = id("invoice_id", "invoice");
const CHARGE: Column = id("charge_id", "charge");
const PAYMENT_INTENT: Column = id("payment_intent_id", "payment_intent");
const TEST_CLOCK: Column = id("test_clock_id", "test_clock");
const DISCOUNTS: Column = list("discounts", DISCOUNT, "discounts|discount");

/// A discount where it is applied: a bare id, or the whole object.
const DISCOUNT: &[Column] = &[
    id("id", "."),
    id("coupon_id", "source.coupon|coupon"),
    time("start_at", "start"),
    time("end_at", "end"),
    id("subscription_item_id", "subscription_item"),
];

const ITEM: &[Column] = &[
    text("id", "id"),
    id("price_id", "price|plan"),
    id("product_id", "price.product|plan.product"),
    int("quantity", "quantity"),
    CREATED,
    time("current_period_start_at", "current_period_start|^.current_period_start"),
    time("current_period_end_at", "current_period_end|^.current_period_end"),
    time("current_trial_start_at", "current_trial.start_date"),
    time("current_trial_end_at", "current_trial.end_date"),
];

const LINE_DISCOUNT: &[Column] = &[id("discount_id", "discount"), AMOUNT];

const LINE: &[Column] = &[
    text("id", "id"),
    Column::new("line_no", Kind::Position, "."),
    AMOUNT,
    CURRENCY,
    text("description", "description"),
    id(
        "subscription_id",
        "parent.subscription_item_details.subscription|parent.invoice_item_details.subscription\
         |subscription",
    )
    .by(computed::line_own_subscription),
    id(
        "subscription_item_id",
        "parent.subscription_item_details.subscription_item|subscription_item",
    ),
    id("price_id", "pricing.price_details.price|price|plan"),
    id("product_id", "pricing.price_details.product|price.product|plan.product"),
    decimal("unit_amount_decimal", "pricing.unit_amount_decimal").by(computed::line_unit_amount),
    Column::new("quantity", Kind::Whole, "quantity|quantity_decimal"),
    flag(
        "is_proration",
        "parent.subscription_item_details.proration|parent.invoice_item_details.proration|proration",
    ),
    flag("is_recurring", "").by(computed::line_is_recurring),
    time("period_start_at", "period.start"),
    time("period_end_at", "period.end"),
    int("discount_minor", "").by(computed::line_discount),
    int("inclusive_tax_minor", "").by(computed::line_inclusive_tax),
    list("discounts", LINE_DISCOUNT, "discount_amounts"),
];

const CREDIT_NOTE_REFUND: &[Column] =
    &[id("refund_id", "refund|."), int("amount_minor", "amount_refunded")];

const CUSTOMER_TAX_IDS: Children = Children {
    list: "tax_ids",
    endpoint: "customer tax ids",
    path: "/v1/customers/{id}/tax_ids",
    parameter: None,
    expand: &[],
};
const SUBSCRIPTION_ITEMS: Children = Children {
    list: "items",
    endpoint: "subscription items",
    path: "/v1/subscription_items",
    parameter: Some("subscription"),
    expand: &["discounts"],
};
const INVOICE_LINES: Children = Children {
    list: "lines",
    endpoint: "invoice lines",
    path: "/v1/invoices/{id}/lines",
    parameter: None,
    expand: &["discounts"],
};

/// Every resource; events last, because an event lands after the object it carries.
pub const RESOURCES: &[Resource] = &[
    Resource {
        name: "customers",
        table: "stripe_log/customers",
        objects: &["customer"],
        path: "/v1/customers",
        scope: "Customers",
        loses: "who pays: no accounts, no links to product events",
        listing: Listing {
            expand: &["tax_ids"],
            children: &[CUSTOMER_TAX_IDS],
            events: &["customer"],
            shows_all: true,
            ..LISTED
        },
        keeps: &[],
        is_part: false,
        columns: &[
            CREATED,
            text("email", "email"),
            text("name", "name"),
            CURRENCY,
            int("balance_minor", "balance"),
            flag("is_delinquent", "delinquent"),
            TEST_CLOCK,
            METADATA,
        ],
    },
    Resource {
        name: "subscriptions",
        table: "stripe_log/subscriptions",
        objects: &["subscription"],
        path: "/v1/subscriptions",
        scope: "Subscriptions",
        loses: "trials and their ends: nothing can be backtested",
        listing: Listing {
            parameters: &[("status", "all")],
            expand: &["discounts", "items.data.discounts"],
            children: &[SUBSCRIPTION_ITEMS],
            events: &["customer.subscription"],
            ..LISTED
        },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            STATUS,
            CURRENCY,
            CREATED,
            time("started_at", "start_date").fact(),
            time("trial_start_at", "trial_start").fact(),
            time("trial_end_at", "trial_end"),
            time("ended_at", "ended_at").fact(),
            time("canceled_at", "canceled_at").fact(),
            time("cancel_at", "cancel_at"),
            flag("is_cancel_at_period_end", "cancel_at_period_end"),
            text("cancellation_reason", "cancellation_details.reason"),
            text("collection_method", "collection_method"),
            time(
                "current_period_start_at",
                "items.data[0].current_period_start|current_period_start",
            ),
            time("current_period_end_at", "items.data[0].current_period_end|current_period_end"),
            id("latest_invoice_id", "latest_invoice"),
            text("pause_behavior", "pause_collection.behavior"),
            time("paused_at", "status_details.paused.transitioned_at").fact(),
            id("schedule_id", "schedule"),
            text("billing_mode", "billing_mode.type"),
            TEST_CLOCK,
            METADATA,
            flag("has_more_items", "items.has_more"),
            list("items", ITEM, "items.data"),
            DISCOUNTS,
        ],
    },
    Resource {
        name: "invoices",
        table: "stripe_log/invoices",
        objects: &["invoice"],
        path: "/v1/invoices",
        scope: "Invoices",
        loses: "payments: nothing can be backtested",
        listing: Listing {
            expand: &["discounts", "lines.data.discounts"],
            children: &[INVOICE_LINES],
            events: &["invoice"],
            shows_all: true,
            ..LISTED
        },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            text("customer_email", "customer_email"),
            id("subscription_id", "parent.subscription_details.subscription|subscription"),
            STATUS,
            CURRENCY,
            text("billing_reason", "billing_reason"),
            text("collection_method", "collection_method"),
            text("number", "number"),
            CREATED,
            time("due_at", "due_date"),
            time("finalized_at", "status_transitions.finalized_at").fact(),
            time("paid_at", "status_transitions.paid_at").fact(),
            time("voided_at", "status_transitions.voided_at").fact(),
            time("marked_uncollectible_at", "status_transitions.marked_uncollectible_at").fact(),
            time("period_start_at", "period_start"),
            time("period_end_at", "period_end"),
            time("next_payment_attempt_at", "next_payment_attempt"),
            int("subtotal_minor", "subtotal"),
            int("total_minor", "total"),
            int("amount_due_minor", "amount_due"),
            int("amount_paid_minor", "amount_paid"),
            int("amount_remaining_minor", "amount_remaining"),
            int("amount_paid_off_stripe_minor", "amount_paid_off_stripe"),
            int("amount_overpaid_minor", "amount_overpaid"),
            int("starting_balance_minor", "starting_balance"),
            int("ending_balance_minor", "ending_balance"),
            flag("is_paid_out_of_band", "paid_out_of_band"),
            CHARGE,
            PAYMENT_INTENT,
            int("attempt_count", "attempt_count"),
            TEST_CLOCK,
            METADATA,
            flag("has_more_lines", "lines.has_more"),
            DISCOUNTS,
            list("lines", LINE, "lines.data"),
        ],
    },
    Resource {
        name: "invoice_payments",
        table: "stripe_log/invoice_payments",
        objects: &["invoice_payment"],
        path: "/v1/invoice_payments",
        scope: "Invoices",
        loses: "which charge paid which invoice: refunds and disputes are not taken off",
        listing: Listing { events: &["invoice_payment"], relisted_days: Some(35), ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            INVOICE,
            id("charge_id", "payment.charge"),
            id("payment_intent_id", "payment.payment_intent"),
            id("payment_record_id", "payment.payment_record"),
            STATUS,
            int("amount_paid_minor", "amount_paid"),
            int("amount_requested_minor", "amount_requested"),
            CURRENCY,
            flag("is_default", "is_default"),
            CREATED,
            time("paid_at", "status_transitions.paid_at").fact(),
            time("canceled_at", "status_transitions.canceled_at").fact(),
        ],
    },
    Resource {
        name: "charges",
        table: "stripe_log/charges",
        objects: &["charge"],
        path: "/v1/charges",
        scope: "Charges and Refunds",
        loses: "failed payments and what was paid outside invoices",
        listing: Listing { events: &["charge"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            INVOICE,
            PAYMENT_INTENT,
            STATUS,
            AMOUNT,
            int("amount_captured_minor", "amount_captured"),
            int("amount_refunded_minor", "amount_refunded"),
            CURRENCY,
            CREATED,
            flag("is_paid", "paid"),
            flag("is_refunded", "refunded"),
            flag("has_more_refunds", "refunds.has_more"),
            flag("is_disputed", "disputed"),
            text("failure_code", "failure_code"),
            text("outcome_type", "outcome.type"),
            text("outcome_reason", "outcome.reason"),
            text("network_decline_code", "outcome.network_decline_code"),
            text("advice_code", "outcome.advice_code"),
            text("billing_email", "billing_details.email"),
            text("receipt_email", "receipt_email"),
            METADATA,
        ],
    },
    Resource {
        name: "payment_intents",
        table: "stripe_log/payment_intents",
        objects: &["payment_intent"],
        path: "/v1/payment_intents",
        scope: "PaymentIntents",
        loses: "the link between invoice payments and charges",
        listing: Listing { events: &["payment_intent"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            INVOICE,
            STATUS,
            AMOUNT,
            int("amount_received_minor", "amount_received"),
            CURRENCY,
            CREATED,
            time("canceled_at", "canceled_at").fact(),
            id("latest_charge_id", "latest_charge"),
            text("receipt_email", "receipt_email"),
            METADATA,
        ],
    },
    Resource {
        name: "refunds",
        table: "stripe_log/refunds",
        objects: &["refund"],
        path: "/v1/refunds",
        scope: "Charges and Refunds",
        loses: "refunds: what was given back counts as paid",
        listing: Listing { events: &["refund", "charge.refund"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CHARGE,
            PAYMENT_INTENT,
            STATUS,
            AMOUNT,
            CURRENCY,
            CREATED,
            text("reason", "reason"),
            text("failure_reason", "failure_reason"),
            METADATA,
        ],
    },
    Resource {
        name: "disputes",
        table: "stripe_log/disputes",
        objects: &["dispute"],
        path: "/v1/disputes",
        scope: "Disputes",
        loses: "chargebacks: what was taken back counts as paid",
        listing: Listing { events: &["charge.dispute"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CHARGE,
            PAYMENT_INTENT,
            STATUS,
            AMOUNT,
            CURRENCY,
            CREATED,
            text("reason", "reason"),
            METADATA,
        ],
    },
    Resource {
        name: "credit_notes",
        table: "stripe_log/credit_notes",
        objects: &["credit_note"],
        path: "/v1/credit_notes",
        scope: "Credit notes",
        loses: "credit notes: what was credited counts as paid",
        listing: Listing { events: &["credit_note"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            INVOICE,
            CUSTOMER,
            STATUS,
            text("type", "type"),
            AMOUNT,
            int("total_minor", "total"),
            int("out_of_band_minor", "out_of_band_amount"),
            CURRENCY,
            CREATED,
            time("voided_at", "voided_at").fact(),
            list("refunds", CREDIT_NOTE_REFUND, "refunds|refund"),
        ],
    },
    Resource {
        name: "products",
        table: "stripe_log/products",
        objects: &["product"],
        path: "/v1/products",
        scope: "Products",
        loses: "names of products",
        listing: Listing { events: &["product"], shows_all: true, ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            text("name", "name"),
            flag("is_active", "active"),
            CREATED,
            time("updated_at", "updated").fact(),
            METADATA,
        ],
    },
    // The older `plan` is a price under other names.
    Resource {
        name: "prices",
        table: "stripe_log/prices",
        objects: &["price", "plan"],
        path: "/v1/prices",
        scope: "Prices",
        loses: "what plans cost: monthly recurring revenue",
        listing: Listing {
            // Stripe's reference: the list shows active prices, unless it is told.
            each: &[("active", "true"), ("active", "false")],
            expand: &["tiers", "currency_options"],
            events: &["price", "plan"],
            ..LISTED
        },
        keeps: &[],
        is_part: false,
        columns: &[
            id("product_id", "product"),
            flag("is_active", "active"),
            CURRENCY,
            text("type", "type").by(computed::price_type),
            text("billing_scheme", "billing_scheme"),
            int("unit_amount_minor", "unit_amount|amount"),
            decimal("unit_amount_decimal", "unit_amount_decimal|unit_amount|amount_decimal|amount"),
            text("interval", "recurring.interval|interval"),
            int("interval_count", "recurring.interval_count|interval_count"),
            text("usage_type", "recurring.usage_type|usage_type"),
            text("tiers_mode", "tiers_mode"),
            json("tiers", "tiers"),
            json("transform_quantity", "transform_quantity|transform_usage"),
            json("currency_options", "currency_options"),
            text("nickname", "nickname"),
            text("lookup_key", "lookup_key"),
            CREATED,
            METADATA,
        ],
    },
    Resource {
        name: "coupons",
        table: "stripe_log/coupons",
        objects: &["coupon"],
        path: "/v1/coupons",
        scope: "Coupons",
        loses: "discounts in monthly recurring revenue",
        listing: Listing { events: &["coupon"], shows_all: true, ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            text("name", "name"),
            text("duration", "duration"),
            int("duration_in_months", "duration_in_months"),
            decimal("percent_off", "percent_off"),
            int("amount_off_minor", "amount_off"),
            CURRENCY,
            CREATED,
            flag("is_valid", "valid"),
            METADATA,
        ],
    },
    Resource {
        name: "discounts",
        table: "stripe_log/discounts",
        objects: &["discount"],
        path: "",
        scope: "Subscriptions",
        loses: "discounts in monthly recurring revenue",
        listing: Listing { events: &["customer.discount"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            id("subscription_id", "subscription"),
            INVOICE,
            id("subscription_item_id", "subscription_item"),
            id("coupon_id", "source.coupon|coupon"),
            id("promotion_code_id", "promotion_code"),
            time("start_at", "start").fact(),
            time("end_at", "end"),
        ],
    },
    Resource {
        name: "promotion_codes",
        table: "stripe_log/promotion_codes",
        objects: &["promotion_code"],
        path: "/v1/promotion_codes",
        scope: "Promotion codes",
        loses: "which code a discount came from",
        listing: Listing { events: &["promotion_code"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            text("code", "code"),
            id("coupon_id", "promotion.coupon|coupon"),
            CUSTOMER,
            flag("is_active", "active"),
            CREATED,
            time("expires_at", "expires_at"),
            int("max_redemptions", "max_redemptions"),
            int("times_redeemed", "times_redeemed"),
            METADATA,
        ],
    },
    Resource {
        name: "subscription_schedules",
        table: "stripe_log/subscription_schedules",
        objects: &["subscription_schedule"],
        path: "/v1/subscription_schedules",
        scope: "Subscriptions",
        loses: "changes of plan that are planned",
        listing: Listing { events: &["subscription_schedule"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            id("subscription_id", "subscription"),
            id("released_subscription_id", "released_subscription"),
            STATUS,
            text("end_behavior", "end_behavior"),
            CREATED,
            time("canceled_at", "canceled_at").fact(),
            time("completed_at", "completed_at").fact(),
            time("released_at", "released_at").fact(),
            time("current_phase_start_at", "current_phase.start_date"),
            time("current_phase_end_at", "current_phase.end_date"),
            json("phases", "phases"),
            TEST_CLOCK,
            METADATA,
        ],
    },
    // Its own list has the account's, not those of customers: these come inside the customers.
    Resource {
        name: "tax_ids",
        table: "stripe_log/tax_ids",
        objects: &["tax_id"],
        path: "",
        scope: "Customers",
        loses: "tax numbers of customers",
        listing: Listing { events: &["customer.tax_id"], ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            text("type", "type"),
            text("country", "country"),
            text("value", "value"),
            text("verification_status", "verification.status"),
            CREATED,
        ],
    },
    Resource {
        name: "invoice_items",
        table: "stripe_log/invoice_items",
        objects: &["invoiceitem"],
        path: "/v1/invoiceitems",
        scope: "Invoices",
        loses: "what waits for the next invoice",
        listing: Listing {
            events: &["invoiceitem"],
            created: "date",
            shows_all: true,
            relisted_days: Some(35),
            ..LISTED
        },
        keeps: &[],
        is_part: false,
        columns: &[
            CUSTOMER,
            INVOICE,
            id("subscription_id", "parent.subscription_details.subscription|subscription"),
            AMOUNT,
            CURRENCY,
            text("description", "description"),
            id("price_id", "pricing.price_details.price|price|plan"),
            id("product_id", "pricing.price_details.product|price.product"),
            Column::new("quantity", Kind::Whole, "quantity|quantity_decimal"),
            flag("is_proration", "proration"),
            time("created_at", "date").fact(),
            time("period_start_at", "period.start"),
            time("period_end_at", "period.end"),
            TEST_CLOCK,
            METADATA,
        ],
    },
    // The other pages of the lists in invoices and subscriptions, where files hold them apart.
    Resource {
        name: "line_items",
        table: "stripe_log/line_items",
        objects: &["line_item"],
        path: "",
        scope: "Invoices",
        loses: "lines of long invoices",
        listing: LISTED,
        keeps: &[],
        is_part: true,
        columns: &[INVOICE, Column::new("line", Kind::List(LINE), ".")],
    },
    Resource {
        name: "subscription_items",
        table: "stripe_log/subscription_items",
        objects: &["subscription_item"],
        path: "",
        scope: "Subscriptions",
        loses: "items of long subscriptions",
        listing: LISTED,
        keeps: &[],
        is_part: true,
        columns: &[
            id("subscription_id", "subscription"),
            CREATED,
            Column::new("item", Kind::List(ITEM), "."),
        ],
    },
    // What kind of card or account it is stays at Stripe.
    Resource {
        name: "payment_methods",
        table: "stripe_log/payment_methods",
        objects: &["payment_method"],
        path: "/v1/payment_methods",
        scope: "Payment Methods",
        loses: "how customers pay",
        listing: Listing { events: &["payment_method"], by_created: false, ..LISTED },
        keeps: &["id", "object", "created", "customer", "livemode", "type"],
        is_part: false,
        columns: &[CUSTOMER, text("type", "type"), CREATED],
    },
    Resource {
        name: "balance_transactions",
        table: "stripe_log/balance_transactions",
        objects: &["balance_transaction"],
        path: "/v1/balance_transactions",
        scope: "Balance transaction sources",
        loses: "fees, and what reached the bank",
        listing: Listing { relisted_days: Some(35), ..LISTED },
        keeps: &[],
        is_part: false,
        columns: &[
            id("source_id", "source"),
            text("type", "type"),
            text("reporting_category", "reporting_category"),
            STATUS,
            AMOUNT,
            int("fee_minor", "fee"),
            int("net_minor", "net"),
            CURRENCY,
            decimal("exchange_rate", "exchange_rate"),
            CREATED,
            time("available_at", "available_on"),
        ],
    },
    Resource {
        name: "events",
        table: "stripe_log/events",
        objects: &["event"],
        path: "/v1/events",
        scope: "Events",
        loses: "changes: a sync sees only what was created since the last one",
        listing: LISTED,
        keeps: &[],
        is_part: false,
        columns: &[
            text("type", "type"),
            CREATED,
            id("object_id", "data.object.id"),
            text("object_type", "data.object.object"),
            id("request_id", "request.id|request"),
            text("account", "account"),
        ],
    },
];

/// The columns that every table of `stripe_log` starts with.
pub fn common_fields() -> Vec<Field> {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let time = |name| Field::new(name, time_type(), true);
    let flag = |name| Field::new(name, DataType::Boolean, true);
    vec![
        Field::new("key", DataType::Binary, false),
        text("id"),
        time("known_from"),
        time("observed_at"),
        time("landed_at"),
        flag("deleted"),
        text("source"),
        text("event_id"),
        text("event_type"),
        text("api_version"),
        flag("livemode"),
        text("previous_attributes"),
        text("raw"),
    ]
}

/// The schema of a resource's log table.
pub fn schema(resource: &Resource) -> SchemaRef {
    let mut fields = common_fields();
    fields.extend(resource.columns.iter().map(Column::field));
    Arc::new(Schema::new(fields))
}
