//! The aggregate `mantel_haenszel`: it keeps one 2×2 table per stratum, not the rows.

use std::collections::BTreeMap;
use std::mem::{size_of, size_of_val};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::cast::{as_boolean_array, as_list_array, as_string_array, as_uint64_array};
use datafusion_common::utils::SingleRowListArrayBuilder;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::{AggregateOrderSensitivity, format_state_name};
use datafusion_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Signature};

use super::aggregate::refuse_distinct;
use super::record::Column::{Count, Number};
use super::record::Record;
use crate::stats::function::{Argument, Declaration, Kind};
use crate::stats::stratified::{Table, mantel_haenszel};

const RESULT: Record = Record(&[
    Number("or_mh"),
    Number("or_lo"),
    Number("or_hi"),
    Number("cmh_p"),
    Number("risk_difference"),
    Count("strata_used"),
    Count("rows_used"),
]);

const DECLARATION: Declaration = Declaration {
    name: "mantel_haenszel",
    arguments: &[
        Argument::new("is_exposed", Kind::Truth, "Which arm the row is in."),
        Argument::new("converted", Kind::Truth, "Whether the row had the outcome."),
        Argument::new("stratum", Kind::Text, "What is held equal; NULL is a stratum of its own."),
    ],
    description: "Effect of exposure compared within strata (Mantel-Haenszel), as {or_mh, or_lo, \
                  or_hi, cmh_p, risk_difference, strata_used, rows_used}: odds ratio with its 95 % \
                  interval (Robins, Breslow, Greenland), p of the Cochran-Mantel-Haenszel test \
                  without continuity correction, and difference of rates, -1 to 1. Strata that \
                  lack an arm are left out, and so are rows where is_exposed or converted is NULL. \
                  A figure that does not exist is NULL; all is NULL if no stratum has both arms.",
    example: "select mantel_haenszel(e, c, s)['risk_difference'] from (values \
              (true, true, 'basic'), (true, false, 'basic'), (false, false, 'basic'), \
              (false, true, 'plus')) as t(e, c, s);\n-- 0.5",
};

pub(super) fn declare() -> AggregateUDF {
    AggregateUDF::from(MantelHaenszelAggregate {
        signature: DECLARATION.signature(),
        documentation: DECLARATION.documentation(""),
    })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MantelHaenszelAggregate {
    signature: Signature,
    documentation: Documentation,
}

impl AggregateUDFImpl for MantelHaenszelAggregate {
    fn name(&self) -> &str {
        DECLARATION.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(RESULT.data_type())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        refuse_distinct(self.name(), &args)?;
        Ok(Box::new(StratifiedCounts::default()))
    }

    /// The strata, then the four cells of their tables row by row.
    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let list = |name: &str, item: DataType| {
            let item = Arc::new(Field::new_list_field(item, true));
            Arc::new(Field::new(format_state_name(args.name, name), DataType::List(item), true))
        };
        Ok(vec![list("strata", DataType::Utf8), list("cells", DataType::UInt64)])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// Ordered by stratum, so that sums of floats come out the same on every run.
#[derive(Debug, Default)]
struct StratifiedCounts {
    tables: BTreeMap<Option<String>, Table>,
}

impl StratifiedCounts {
    fn table(&mut self, stratum: Option<&str>) -> &mut Table {
        self.tables.entry(stratum.map(str::to_string)).or_default()
    }
}

impl Accumulator for StratifiedCounts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let is_exposed = as_boolean_array(&values[0])?;
        let converted = as_boolean_array(&values[1])?;
        let strata = as_string_array(&values[2])?;
        for ((is_exposed, converted), stratum) in is_exposed.iter().zip(converted).zip(strata) {
            if let (Some(is_exposed), Some(converted)) = (is_exposed, converted) {
                self.table(stratum)[usize::from(!is_exposed)][usize::from(!converted)] += 1;
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let strata = as_list_array(&states[0])?.iter();
        let cells = as_list_array(&states[1])?.iter();
        for (strata, cells) in strata.zip(cells) {
            let (Some(strata), Some(cells)) = (strata, cells) else { continue };
            let cells = as_uint64_array(&cells)?.values().chunks_exact(4);
            for (stratum, cells) in as_string_array(&strata)?.iter().zip(cells) {
                let table = self.table(stratum).as_flattened_mut();
                table.iter_mut().zip(cells).for_each(|(count, more)| *count += more);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let list = |items: ArrayRef| SingleRowListArrayBuilder::new(items).build_list_scalar();
        let strata: StringArray = self.tables.keys().map(Option::as_deref).collect();
        let cells: Vec<u64> =
            self.tables.values().flat_map(|table| table.as_flattened()).copied().collect();
        Ok(vec![list(Arc::new(strata)), list(Arc::new(UInt64Array::from(cells)))])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let tables: Vec<Table> = self.tables.values().copied().collect();
        RESULT.scalar(mantel_haenszel(&tables).map(|found| {
            vec![
                found.or_mh,
                found.or_ci95.map(|interval| interval.lo),
                found.or_ci95.map(|interval| interval.hi),
                found.cmh_p,
                found.risk_difference,
                Some(found.strata_used as f64),
                Some(found.rows_used as f64),
            ]
        }))
    }

    fn size(&self) -> usize {
        let names: usize = self.tables.keys().flatten().map(String::capacity).sum();
        size_of_val(self) + names + self.tables.len() * size_of::<(Option<String>, Table)>()
    }
}
