//! The Stripe export: list files of an account's objects after another's, in one API shape.

mod catalogue;
mod events;
mod files;
mod invoice;
mod money;
mod shape;
mod subscription;
pub(crate) mod text;
mod view;

use std::path::Path;

pub use shape::Shape;

use self::catalogue::Catalogue;
use self::files::ListFiles;
use self::view::View;
use super::Settings;
use super::facts::Facts;
use crate::error::{Error, Result};

/// A resource and its list files.
const RESOURCES: [&str; 12] = [
    "customers",
    "subscriptions",
    "invoices",
    "invoice_payments",
    "charges",
    "refunds",
    "disputes",
    "credit_notes",
    "products",
    "prices",
    "coupons",
    "events",
];

#[derive(Clone, Copy)]
enum Resource {
    Customers,
    Subscriptions,
    Invoices,
    InvoicePayments,
    Charges,
    Refunds,
    Disputes,
    CreditNotes,
    Products,
    Prices,
    Coupons,
    Events,
}

/// Writes an export below a folder.
pub struct Export {
    shape: Shape,
    catalogue: Catalogue,
    as_of: i64,
    files: [ListFiles; RESOURCES.len()],
    buffer: Vec<u8>,
}

impl Export {
    /// Starts with the catalogue.
    pub fn new(folder: &Path, settings: &Settings) -> Result<Self> {
        let Settings { shape, is_compressed, as_of, .. } = *settings;
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::from(error).context(folder.display()))?;
        let mut export = Self {
            shape,
            as_of,
            catalogue: Catalogue::new(shape),
            files: RESOURCES.map(|name| ListFiles::new(folder, name, is_compressed)),
            buffer: vec![],
        };
        for product in Catalogue::products() {
            export.files[Resource::Products as usize].push(&product)?;
        }
        for price in export.catalogue.prices() {
            export.files[Resource::Prices as usize].push(price)?;
        }
        for coupon in export.catalogue.coupons() {
            export.files[Resource::Coupons as usize].push(coupon)?;
        }
        Ok(export)
    }

    /// Adds everything of one account.
    pub fn push(&mut self, facts: &Facts) -> Result<()> {
        let Self { shape, catalogue, as_of, files, buffer } = self;
        let view = View { shape: *shape, catalogue, facts, now: *as_of };
        let mut list = |resource: Resource,
                        created: &mut dyn Iterator<Item = i64>,
                        write: &dyn Fn(usize, &mut Vec<u8>)| {
            let there = created.enumerate().filter(|(_, at)| *at <= view.now);
            there.map(|(index, _)| index).try_for_each(|index| {
                buffer.clear();
                write(index, buffer);
                match buffer.is_empty() {
                    true => Ok(()),
                    false => files[resource as usize].push(buffer),
                }
            })
        };
        let created = &mut facts.customers.iter().map(|customer| customer.created);
        list(Resource::Customers, created, &|i, out| view.customer(i, out))?;
        let created = &mut facts.subscriptions.iter().map(|subscription| subscription.created);
        list(Resource::Subscriptions, created, &|i, out| view.subscription(i, out))?;
        let created = || facts.invoices.iter().map(|invoice| invoice.created);
        list(Resource::Invoices, &mut created(), &|i, out| view.invoice(i, out))?;
        if view.shape == Shape::Clover {
            list(Resource::InvoicePayments, &mut created(), &|i, out| {
                view.invoice_payment(i, out);
            })?;
        }
        let created = &mut facts.charges.iter().map(|charge| charge.created);
        list(Resource::Charges, created, &|i, out| view.charge(i, out))?;
        let created = &mut facts.refunds.iter().map(|refund| refund.created);
        list(Resource::Refunds, created, &|i, out| view.refund(i, out))?;
        let created = &mut facts.disputes.iter().map(|dispute| dispute.created);
        list(Resource::Disputes, created, &|i, out| view.dispute(i, out))?;
        let created = &mut facts.credit_notes.iter().map(|note| note.created);
        list(Resource::CreditNotes, created, &|i, out| view.credit_note(i, out))?;
        let mut written = Ok(());
        view.events(buffer, |event| {
            if written.is_ok() {
                written = files[Resource::Events as usize].push(event);
            }
        });
        written
    }

    /// Closes all files; returns how many objects each resource has.
    pub fn finish(mut self) -> Result<Vec<(&'static str, u64)>> {
        let shape = self.shape;
        let mut counts = vec![];
        for (resource, files) in RESOURCES.into_iter().zip(&mut self.files) {
            if resource == "invoice_payments" && shape == Shape::Acacia {
                continue;
            }
            files.finish()?;
            counts.push((resource, files.objects));
        }
        Ok(counts)
    }
}
