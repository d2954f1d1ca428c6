//! The wrappers called as the engine calls them: arrays, scalars, NULLs, partial states.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, Schema};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, PartitionEvaluatorArgs, StateFieldsArgs};
use datafusion_expr::type_coercion::functions::fields_with_udf;
use datafusion_expr::{
    Accumulator, AggregateUDF, ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF,
};
use proptest::prelude::*;

use super::{aggregate_functions, scalar_functions, window_functions};

fn scalar(name: &str) -> ScalarUDF {
    scalar_functions().into_iter().find(|function| function.name() == name).unwrap()
}

fn aggregate(name: &str) -> AggregateUDF {
    aggregate_functions().into_iter().find(|function| function.name() == name).unwrap()
}

fn field(data_type: DataType) -> FieldRef {
    Arc::new(Field::new("f", data_type, true))
}

fn invoke(name: &str, args: Vec<ColumnarValue>) -> ColumnarValue {
    let function = scalar(name);
    let length = |arg: &ColumnarValue| match arg {
        ColumnarValue::Array(array) => Some(array.len()),
        ColumnarValue::Scalar(_) => None,
    };
    let arguments = ScalarFunctionArgs {
        arg_fields: args.iter().map(|arg| field(arg.data_type())).collect(),
        number_rows: args.iter().find_map(length).unwrap_or(1),
        return_field: field(function.return_type(&[]).unwrap()),
        config_options: Arc::new(ConfigOptions::default()),
        args,
    };
    let result = function.invoke_with_args(arguments).unwrap();
    assert_eq!(result.data_type(), function.return_type(&[]).unwrap());
    result
}

fn number(value: impl Into<Option<f64>>) -> ColumnarValue {
    ColumnarValue::Scalar(ScalarValue::Float64(value.into()))
}

fn numbers(values: &[Option<f64>]) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(Float64Array::from(values.to_vec())))
}

fn accumulator(function: &AggregateUDF, is_distinct: bool) -> Result<Box<dyn Accumulator>> {
    function.accumulator(AccumulatorArgs {
        return_field: field(function.return_type(&[]).unwrap()),
        schema: &Schema::empty(),
        ignore_nulls: false,
        order_bys: &[],
        is_reversed: false,
        name: function.name(),
        is_distinct,
        exprs: &[],
        expr_fields: &[],
    })
}

fn one_pass(function: &AggregateUDF, columns: &[ArrayRef]) -> ScalarValue {
    let mut accumulator = accumulator(function, false).unwrap();
    accumulator.update_batch(columns).unwrap();
    let result = accumulator.evaluate().unwrap();
    assert_eq!(result.data_type(), function.return_type(&[]).unwrap());
    result
}

/// The rows cut at `cuts`, each part in an accumulator of its own, the states merged.
fn by_parts(function: &AggregateUDF, columns: &[ArrayRef], cuts: &[usize]) -> ScalarValue {
    let rows = columns[0].len();
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (rows + 1)).collect();
    ends.extend([0, rows]);
    ends.sort_unstable();
    let types: Vec<_> = state_types(function);
    let states: Vec<Vec<ArrayRef>> = ends
        .windows(2)
        .map(|ends| {
            let part: Vec<_> =
                columns.iter().map(|c| c.slice(ends[0], ends[1] - ends[0])).collect();
            let mut accumulator = accumulator(function, false).unwrap();
            accumulator.update_batch(&part).unwrap();
            let state = accumulator.state().unwrap();
            assert_eq!(state.iter().map(ScalarValue::data_type).collect::<Vec<_>>(), types);
            state.iter().map(|value| value.to_array().unwrap()).collect()
        })
        .collect();
    let merged: Vec<_> = (0..types.len())
        .map(|i| {
            let parts: Vec<&dyn Array> = states.iter().map(|state| state[i].as_ref()).collect();
            concat(&parts).unwrap()
        })
        .collect();
    let mut accumulator = accumulator(function, false).unwrap();
    accumulator.merge_batch(&merged).unwrap();
    accumulator.evaluate().unwrap()
}

fn state_types(function: &AggregateUDF) -> Vec<DataType> {
    let fields = function.state_fields(StateFieldsArgs {
        name: function.name(),
        input_fields: &[],
        return_field: field(function.return_type(&[]).unwrap()),
        ordering_fields: &[],
        is_distinct: false,
    });
    fields.unwrap().iter().map(|field| field.data_type().clone()).collect()
}

fn floats(values: Vec<Option<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(values))
}

fn truths(values: Vec<Option<bool>>) -> ArrayRef {
    Arc::new(BooleanArray::from(values))
}

fn texts(values: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

#[test]
fn arrays_and_constants_mix() {
    let counts = [Some(8.0), None, Some(11.0), Some(2.5), Some(0.0)];
    let result = invoke("wilson_lower", vec![numbers(&counts), number(10.0)]);
    let result = result.to_array(5).unwrap();
    let lower = result.as_primitive::<Float64Type>();
    assert!((lower.value(0) - 0.490_162_471_536_641_8).abs() < 1e-12);
    assert!(lower.is_valid(0));
    // NULL in, more successes than trials, half a success.
    assert!(lower.is_null(1) && lower.is_null(2) && lower.is_null(3));
    assert_eq!(lower.value(4), 0.0);
}

#[test]
fn constants_give_a_constant_and_defaults_can_be_given() {
    let default = invoke("wilson_lower", vec![number(8.0), number(10.0)]);
    let given = invoke("wilson_lower", vec![number(8.0), number(10.0), number(0.95)]);
    let (ColumnarValue::Scalar(default), ColumnarValue::Scalar(given)) = (default, given) else {
        panic!("constants in, constant out");
    };
    assert_eq!(default, given);
    let wide = invoke("wilson_lower", vec![number(8.0), number(10.0), number(0.99)]);
    assert_ne!(wide.to_array(1).unwrap().as_ref(), given.to_array().unwrap().as_ref());
}

#[test]
fn records_are_null_as_a_whole_but_a_ratio_of_zero_stands_alone() {
    let x1 = numbers(&[Some(0.0), Some(2.0), Some(2.0)]);
    let x2 = numbers(&[Some(2.0), Some(0.0), Some(2.0)]);
    let result = invoke("katz_ratio", vec![x1, number(5.0), x2, number(5.0)]).to_array(3).unwrap();
    let record = result.as_struct();
    let column = |i: usize| record.column(i).as_primitive::<Float64Type>();
    assert_eq!((record.is_valid(0), column(0).value(0)), (true, 0.0));
    assert!(column(1).is_null(0) && column(2).is_null(0));
    assert!(record.is_null(1) && column(0).is_null(1));
    assert_eq!((record.is_valid(2), column(0).value(2)), (true, 1.0));
}

#[test]
fn integers_floats_and_null_are_numbers_but_text_is_not() {
    let function = scalar("wilson_lower");
    let coerce = |types: &[DataType]| {
        let fields: Vec<_> = types.iter().cloned().map(field).collect();
        fields_with_udf(&fields, &function)
            .map(|fields| fields.iter().map(|f| f.data_type().clone()).collect::<Vec<_>>())
    };
    let expected = vec![DataType::Float64; 2];
    for accepted in [
        [DataType::Int64, DataType::Int32],
        [DataType::UInt64, DataType::Float32],
        [DataType::Decimal128(10, 2), DataType::Null],
    ] {
        assert_eq!(coerce(&accepted).unwrap(), expected);
    }
    assert!(coerce(&[DataType::Utf8, DataType::Int64]).is_err());
    assert!(coerce(&[DataType::Int64]).is_err());
    assert!(coerce(&vec![DataType::Int64; 4]).is_err());
}

#[test]
fn every_function_is_documented_with_examples_and_a_name_of_its_own() {
    let scalars = scalar_functions();
    let aggregates = aggregate_functions();
    let windows = window_functions();
    let all: Vec<(&str, Option<&Documentation>)> = scalars
        .iter()
        .map(|f| (f.name(), f.documentation()))
        .chain(aggregates.iter().map(|f| (f.name(), f.documentation())))
        .chain(windows.iter().map(|f| (f.name(), f.documentation())))
        .collect();
    assert_eq!(all.len(), 17);
    assert_eq!(all.iter().map(|(name, _)| *name).collect::<HashSet<_>>().len(), 17);
    for (name, documentation) in all {
        let documentation = documentation.unwrap();
        assert!(documentation.description.contains("NULL"), "{name}: edge rules");
        assert!(documentation.syntax_example.starts_with(&format!("{name}(")));
        let example = documentation.sql_example.as_ref().unwrap();
        let lines: Vec<_> = example.lines().collect();
        assert!(!lines.is_empty() && lines.len() % 2 == 0, "{name}: query and value in pairs");
        for pair in lines.chunks(2) {
            assert!(pair[0].starts_with("select ") && pair[0].ends_with(';'), "{}", pair[0]);
            assert!(pair[0].contains(name), "{}", pair[0]);
            assert!(pair[1].strip_prefix("-- ").unwrap().parse::<f64>().is_ok(), "{}", pair[1]);
        }
    }
}

#[test]
fn mantel_haenszel_keeps_a_missing_stratum_and_drops_missing_outcomes() {
    let function = aggregate("mantel_haenszel");
    let exposed = vec![Some(true), Some(true), Some(false), Some(false), None, Some(true)];
    let converted = vec![Some(true), Some(false), Some(false), Some(true), Some(true), None];
    let strata = vec![None, None, None, Some("plus"), None, None];
    let result = one_pass(&function, &[truths(exposed), truths(converted), texts(strata)]);
    let ScalarValue::Struct(record) = result else { panic!("a struct") };
    let risk_difference = record.column_by_name("risk_difference").unwrap();
    assert_eq!(risk_difference.as_primitive::<Float64Type>().value(0), 0.5);
    for (name, expected) in [("strata_used", 1), ("rows_used", 3)] {
        let count = record.column_by_name(name).unwrap();
        assert_eq!(count.as_primitive::<Int64Type>().value(0), expected);
    }
    assert!(record.column_by_name("or_mh").unwrap().is_null(0));
}

#[test]
fn a_curve_has_a_point_per_time() {
    let times = floats(vec![Some(3.0), Some(1.0), None, Some(3.0)]);
    let events = truths(vec![Some(true), Some(true), Some(true), Some(false)]);
    let result = one_pass(&aggregate("kaplan_meier"), &[times, events]);
    let ScalarValue::List(list) = result else { panic!("a list") };
    let points = list.value(0);
    let at_risk = points.as_struct().column_by_name("at_risk").unwrap();
    assert_eq!(at_risk.as_primitive::<Int64Type>().values(), &[3, 2]);
}

#[test]
fn without_rows_every_aggregate_is_null() {
    for function in aggregate_functions() {
        let mut accumulator = accumulator(&function, false).unwrap();
        assert!(accumulator.evaluate().unwrap().is_null(), "{}", function.name());
    }
}

#[test]
fn wrong_input_is_refused_in_words() {
    let distinct = accumulator(&aggregate("kaplan_meier"), true).unwrap_err();
    assert!(distinct.to_string().contains("kaplan_meier has no DISTINCT form"), "{distinct}");

    let mut quantile = accumulator(&aggregate("quantile_linear"), false).unwrap();
    let two = floats(vec![Some(1.0), Some(2.0)]);
    let mixed = floats(vec![Some(0.5), Some(0.9)]);
    let error = quantile.update_batch(&[two.clone(), mixed]).unwrap_err();
    assert!(error.to_string().contains("q must be the same in all rows"), "{error}");

    let mut incidence = accumulator(&aggregate("aalen_johansen"), false).unwrap();
    incidence.update_batch(&[two, floats(vec![Some(1.0), Some(3.0)])]).unwrap();
    let error = incidence.evaluate().unwrap_err();
    assert!(error.to_string().contains("cause must be 0, 1 or 2, found 3"), "{error}");
}

#[test]
fn the_window_adjusts_the_whole_partition() {
    let function = &window_functions()[0];
    let mut evaluator =
        function.partition_evaluator_factory(PartitionEvaluatorArgs::default()).unwrap();
    let p = floats(vec![Some(0.01), None, Some(0.04)]);
    let q = evaluator.evaluate_all(&[p], 3).unwrap();
    assert_eq!(
        q.as_primitive::<Float64Type>(),
        &Float64Array::from(vec![Some(0.02), None, Some(0.04)])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merged_parts_equal_one_pass(
        rows in prop::collection::vec(
            (
                prop::option::weighted(0.9, 0..8_u8),
                prop::option::weighted(0.9, any::<bool>()),
                prop::option::weighted(0.9, any::<bool>()),
                prop::option::weighted(0.9, 0..3_u8),
            ),
            0..40,
        ),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let time = floats(rows.iter().map(|row| row.0.map(f64::from)).collect());
        let first = truths(rows.iter().map(|row| row.1).collect());
        let second = truths(rows.iter().map(|row| row.2).collect());
        let cause = floats(rows.iter().map(|row| row.3.map(f64::from)).collect());
        let plan = |i: u8| ["basic", "plus", "pro"][usize::from(i)];
        let stratum = texts(rows.iter().map(|row| row.3.map(plan)).collect());
        let half = floats(vec![Some(0.5); rows.len()]);
        let cases: [(&str, Vec<ArrayRef>); 5] = [
            ("quantile_linear", vec![time.clone(), half]),
            ("kaplan_meier", vec![time.clone(), first.clone()]),
            ("aalen_johansen", vec![time.clone(), cause]),
            ("log_rank", vec![time, first.clone(), second.clone()]),
            ("mantel_haenszel", vec![first, second, stratum]),
        ];
        prop_assert_eq!(cases.len(), aggregate_functions().len());
        for (name, columns) in cases {
            let function = aggregate(name);
            prop_assert_eq!(one_pass(&function, &columns), by_parts(&function, &columns, &cuts));
        }
    }
}
