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
use super::calendar::AS_OF;
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
    files: [ListFiles; RESOURCES.len()],
    buffer: Vec<u8>,
}

impl Export {
    /// Starts with the catalogue.
    pub fn new(folder: &Path, shape: Shape, is_compressed: bool) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::from(error).context(folder.display()))?;
        let mut export = Self {
            shape,
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
        let Self { shape, catalogue, files, buffer } = self;
        let view = View { shape: *shape, catalogue, facts, now: AS_OF };
        let mut list = |resource: Resource, count, write: &dyn Fn(usize, &mut Vec<u8>)| {
            (0..count).try_for_each(|index| {
                buffer.clear();
                write(index, buffer);
                match buffer.is_empty() {
                    true => Ok(()),
                    false => files[resource as usize].push(buffer),
                }
            })
        };
        let View { facts, .. } = view;
        list(Resource::Customers, facts.customers.len(), &|i, out| view.customer(i, out))?;
        list(Resource::Subscriptions, facts.subscriptions.len(), &|i, out| {
            view.subscription(i, out);
        })?;
        list(Resource::Invoices, facts.invoices.len(), &|i, out| view.invoice(i, out))?;
        if view.shape == Shape::Clover {
            list(Resource::InvoicePayments, facts.invoices.len(), &|i, out| {
                view.invoice_payment(i, out);
            })?;
        }
        list(Resource::Charges, facts.charges.len(), &|i, out| view.charge(i, out))?;
        list(Resource::Refunds, facts.refunds.len(), &|i, out| view.refund(i, out))?;
        list(Resource::Disputes, facts.disputes.len(), &|i, out| view.dispute(i, out))?;
        list(Resource::CreditNotes, facts.credit_notes.len(), &|i, out| view.credit_note(i, out))?;
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
