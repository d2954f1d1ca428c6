//! The resources: one definition each, from which lists, filters, inline lists and expansions
//! follow.

/// One kind of object.
#[derive(Debug)]
pub struct Resource {
    /// Name of the list, as in `/v1/{name}`.
    pub name: &'static str,
    /// Value of the objects' `object` field.
    pub object: &'static str,
    /// What ids start with.
    pub prefix: &'static str,
    /// The permission that a restricted key needs to read it.
    pub permission: &'static str,
    /// The field that lists are ordered by.
    pub created: &'static str,
    /// The value that decides whether a list shows an object; kept beside it.
    pub tag: &'static str,
    /// Fields that are shown only when a client expands them.
    pub included: &'static [Included],
    /// Lists inside of the object, of which ten elements are shown.
    pub inline: &'static [Inline],
    pub filters: &'static [Filter],
    /// False where the API has no list.
    pub is_listed: bool,
}

/// A field that is shown only when it is expanded.
#[derive(Debug, Clone, Copy)]
pub enum Included {
    /// It stands in the object.
    Stored(&'static str),
    /// It is the list of those objects of another resource that name this one.
    Children { field: &'static str, resource: &'static str, by: &'static str },
}

/// A list inside of an object.
#[derive(Debug, Clone, Copy)]
pub struct Inline {
    pub field: &'static str,
    /// Where the whole list is, with `{}` for the object's id.
    pub url: &'static str,
}

/// A parameter of a list, and what it compares.
#[derive(Debug, Clone, Copy)]
pub enum Filter {
    /// Equal to an id that the object names: the store finds those objects without a search.
    Ref(&'static str, &'static str),
    /// Equal to a value.
    Is(&'static str, &'static str),
    /// One of several values.
    In(&'static str, &'static str),
    /// A time, or bounds of it.
    Time(&'static str, &'static str),
    /// True: there is no value.
    Missing(&'static str, &'static str),
    /// Equal to the tag.
    Tag(&'static str),
}

use Filter::{In, Is, Missing, Ref, Tag, Time};
use Included::{Children, Stored};

const NONE: Resource = Resource {
    name: "",
    object: "",
    prefix: "",
    permission: "",
    created: "created",
    tag: "",
    included: &[],
    inline: &[],
    filters: &[],
    is_listed: true,
};

const CUSTOMER: Filter = Ref("customer", "customer");
const SUBSCRIPTION: &str = "parent.subscription_details.subscription|subscription";

/// Every resource. Permissions: those that Stripe's messages and key forms name; refunds are read
/// with charges, items and schedules with subscriptions, tax ids with customers.
pub const RESOURCES: &[Resource] = &[
    Resource {
        name: "customers",
        object: "customer",
        prefix: "cus",
        permission: "rak_customer_read",
        included: &[
            Stored("sources"),
            Stored("tax"),
            Stored("cash_balance"),
            Children { field: "subscriptions", resource: "subscriptions", by: "customer" },
            Children { field: "tax_ids", resource: "tax_ids", by: "customer" },
        ],
        filters: &[Is("email", "email"), Ref("test_clock", "test_clock")],
        ..NONE
    },
    Resource {
        name: "subscriptions",
        object: "subscription",
        prefix: "sub",
        permission: "rak_subscription_read",
        tag: "status",
        inline: &[Inline { field: "items", url: "/v1/subscription_items?subscription={}" }],
        filters: &[
            CUSTOMER,
            Ref("price", "items.data[].price"),
            Ref("test_clock", "test_clock"),
            Is("collection_method", "collection_method"),
            Is("automatic_tax[enabled]", "automatic_tax.enabled"),
            Time("current_period_start", "items.data[].current_period_start|current_period_start"),
            Time("current_period_end", "items.data[].current_period_end|current_period_end"),
        ],
        ..NONE
    },
    Resource {
        name: "invoices",
        object: "invoice",
        prefix: "in",
        permission: "rak_invoice_read",
        tag: "status",
        included: &[
            Stored("confirmation_secret"),
            Children { field: "payments", resource: "invoice_payments", by: "invoice" },
        ],
        inline: &[Inline { field: "lines", url: "/v1/invoices/{}/lines" }],
        filters: &[
            CUSTOMER,
            Ref("subscription", SUBSCRIPTION),
            Tag("status"),
            Is("collection_method", "collection_method"),
            Time("due_date", "due_date"),
        ],
        ..NONE
    },
    Resource {
        name: "invoiceitems",
        object: "invoiceitem",
        prefix: "ii",
        permission: "rak_invoice_item_read",
        created: "date",
        filters: &[CUSTOMER, Ref("invoice", "invoice"), Missing("pending", "invoice")],
        ..NONE
    },
    Resource {
        name: "invoice_payments",
        object: "invoice_payment",
        prefix: "inpay",
        permission: "rak_invoice_read",
        tag: "status",
        filters: &[
            Ref("invoice", "invoice"),
            Tag("status"),
            Is("payment[type]", "payment.type"),
            Ref("payment[payment_intent]", "payment.payment_intent"),
            Ref("payment[payment_record]", "payment.payment_record"),
        ],
        ..NONE
    },
    Resource {
        name: "charges",
        object: "charge",
        prefix: "ch",
        permission: "rak_charge_read",
        included: &[Children { field: "refunds", resource: "refunds", by: "charge" }],
        filters: &[
            CUSTOMER,
            Ref("payment_intent", "payment_intent"),
            Is("transfer_group", "transfer_group"),
        ],
        ..NONE
    },
    Resource {
        name: "refunds",
        object: "refund",
        prefix: "re",
        permission: "rak_charge_read",
        filters: &[Ref("charge", "charge"), Ref("payment_intent", "payment_intent")],
        ..NONE
    },
    Resource {
        name: "disputes",
        object: "dispute",
        prefix: "du",
        permission: "rak_dispute_read",
        filters: &[Ref("charge", "charge"), Ref("payment_intent", "payment_intent")],
        ..NONE
    },
    Resource {
        name: "credit_notes",
        object: "credit_note",
        prefix: "cn",
        permission: "rak_credit_note_read",
        inline: &[Inline { field: "lines", url: "/v1/credit_notes/{}/lines" }],
        filters: &[CUSTOMER, Ref("invoice", "invoice")],
        ..NONE
    },
    Resource {
        name: "payment_intents",
        object: "payment_intent",
        prefix: "pi",
        permission: "rak_payment_intent_read",
        filters: &[CUSTOMER],
        ..NONE
    },
    Resource {
        name: "payment_methods",
        object: "payment_method",
        prefix: "pm",
        permission: "rak_payment_method_read",
        tag: "type",
        filters: &[CUSTOMER, Tag("type"), Is("allow_redisplay", "allow_redisplay")],
        ..NONE
    },
    Resource {
        name: "prices",
        object: "price",
        prefix: "price",
        permission: "rak_plan_read",
        tag: "active",
        included: &[Stored("tiers"), Stored("currency_options")],
        filters: &[
            Ref("product", "product"),
            Tag("active"),
            Is("currency", "currency"),
            Is("type", "type"),
            Is("recurring[interval]", "recurring.interval"),
            Is("recurring[usage_type]", "recurring.usage_type"),
            Is("recurring[meter]", "recurring.meter"),
            In("lookup_keys", "lookup_key"),
        ],
        ..NONE
    },
    Resource {
        name: "plans",
        object: "plan",
        prefix: "plan",
        permission: "rak_plan_read",
        included: &[Stored("tiers")],
        filters: &[Ref("product", "product"), Is("active", "active")],
        ..NONE
    },
    Resource {
        name: "products",
        object: "product",
        prefix: "prod",
        permission: "rak_product_read",
        filters: &[
            Is("active", "active"),
            Is("shippable", "shippable"),
            Is("url", "url"),
            In("ids", "id"),
        ],
        ..NONE
    },
    Resource {
        name: "coupons",
        object: "coupon",
        prefix: "coupon",
        permission: "rak_coupon_read",
        included: &[Stored("applies_to"), Stored("currency_options")],
        ..NONE
    },
    Resource {
        name: "promotion_codes",
        object: "promotion_code",
        prefix: "promo",
        permission: "rak_promotion_code_read",
        filters: &[
            CUSTOMER,
            Ref("coupon", "promotion.coupon|coupon"),
            Is("active", "active"),
            Is("code", "code"),
        ],
        ..NONE
    },
    Resource {
        name: "subscription_schedules",
        object: "subscription_schedule",
        prefix: "sub_sched",
        permission: "rak_subscription_read",
        filters: &[
            CUSTOMER,
            Time("canceled_at", "canceled_at"),
            Time("completed_at", "completed_at"),
            Time("released_at", "released_at"),
        ],
        ..NONE
    },
    Resource {
        name: "balance_transactions",
        object: "balance_transaction",
        prefix: "txn",
        permission: "rak_balance_transaction_source_read",
        filters: &[
            Ref("source", "source"),
            Ref("payout", "payout"),
            Is("type", "type"),
            Is("currency", "currency"),
        ],
        ..NONE
    },
    Resource {
        name: "payouts",
        object: "payout",
        prefix: "po",
        permission: "rak_payout_read",
        filters: &[
            Ref("destination", "destination"),
            Is("status", "status"),
            Time("arrival_date", "arrival_date"),
        ],
        ..NONE
    },
    Resource {
        name: "tax_ids",
        object: "tax_id",
        prefix: "txi",
        permission: "rak_customer_read",
        tag: "owner.type",
        filters: &[
            Ref("owner[customer]", "owner.customer|customer"),
            Ref("owner[account]", "owner.account"),
            Tag("owner[type]"),
        ],
        ..NONE
    },
    Resource {
        name: "tax_rates",
        object: "tax_rate",
        prefix: "txr",
        permission: "rak_tax_rate_read",
        filters: &[Is("active", "active"), Is("inclusive", "inclusive")],
        ..NONE
    },
    Resource {
        name: "events",
        object: "event",
        prefix: "evt",
        permission: "rak_event_read",
        tag: "type",
        ..NONE
    },
    Resource {
        name: "discounts",
        object: "discount",
        prefix: "di",
        permission: "rak_customer_read",
        created: "start",
        is_listed: false,
        ..NONE
    },
];

/// A resource of the table by the name of its list.
pub fn named(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.name == name)
}

/// A resource of the table by the `object` field of its objects.
pub fn of_object(object: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| resource.object == object)
}

impl Included {
    pub fn field(self) -> &'static str {
        match self {
            Stored(field) | Children { field, .. } => field,
        }
    }
}

impl Filter {
    pub fn parameter(self) -> &'static str {
        match self {
            Ref(name, _) | Is(name, _) | In(name, _) | Time(name, _) | Missing(name, _) => name,
            Tag(name) => name,
        }
    }
}
