//! Lists of times, cut by a span: how many are in it, and which is the first.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, ListArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, TimeUnit, TimestampMicrosecondType};
use datafusion_common::{Result, ScalarValue, plan_err};
use datafusion_expr::{
    ColumnarValue, DocSection, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use crate::documentation;

const SECTION: DocSection = DocSection {
    include: true,
    label: "Time List Functions",
    description: Some("Lists of times, cut by a span of time."),
};

/// What is asked of the times in a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Count,
    First,
}

pub fn scalar_functions() -> Vec<ScalarUDF> {
    [Question::Count, Question::First].map(|question| Between::new(question).into()).to_vec()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Between {
    question: Question,
    signature: Signature,
    documentation: Documentation,
}

impl Between {
    fn new(question: Question) -> Self {
        let (syntax, description, example) = match question {
            Question::Count => (
                "count_between(times, from, to)",
                "How many times of a list are in a span, its start included and its end not.",
                "select count_between(make_array(timestamp '2026-01-01', timestamp '2026-01-03'), \
                 timestamp '2026-01-02', NULL);\n-- 1",
            ),
            Question::First => (
                "first_between(times, from, to)",
                "The earliest time of a list that is in a span, its start included and its end \
                 not; NULL if there is none.",
                "select first_between(make_array(timestamp '2026-01-03', timestamp '2026-01-02'), \
                 timestamp '2026-01-01', NULL) = timestamptz '2026-01-02T00:00:00Z';\n-- true",
            ),
        };
        let arguments = [
            ("times", "A list of times, in any order."),
            ("from", "The start of the span; NULL for all time before."),
            ("to", "Its end, not in it; NULL for all time after."),
        ];
        Self {
            question,
            signature: Signature::user_defined(Volatility::Immutable),
            documentation: documentation(SECTION, syntax, description, &arguments, example).build(),
        }
    }
}

fn time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for Between {
    fn name(&self) -> &str {
        match self.question {
            Question::Count => "count_between",
            Question::First => "first_between",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if types.len() != 3 {
            return plan_err!("{} takes a list of times and two times", self.name());
        }
        let times = DataType::List(Arc::new(Field::new_list_field(time(), true)));
        Ok(vec![times, time(), time()])
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(match self.question {
            Question::Count => DataType::Int64,
            Question::First => time(),
        })
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        let lists = columns[0].as_list::<i32>();
        let bound = |column: &ArrayRef| column.as_primitive::<TimestampMicrosecondType>().clone();
        let (from, to) = (bound(&columns[1]), bound(&columns[2]));
        let spans = (0..rows).map(|row| {
            let start = if from.is_valid(row) { from.value(row) } else { i64::MIN };
            let end = to.is_valid(row).then(|| to.value(row));
            (row, start, end)
        });
        let answer: ArrayRef = match self.question {
            Question::Count => Arc::new(
                spans
                    .map(|(row, start, end)| Some(times_in(lists, row, start, end)?.count() as i64))
                    .collect::<Int64Array>(),
            ),
            Question::First => Arc::new(
                spans
                    .map(|(row, start, end)| times_in(lists, row, start, end)?.min())
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ),
        };
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?));
        }
        Ok(ColumnarValue::Array(answer))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// The times of one list that are in a span; `None` where there is no list.
fn times_in(
    lists: &ListArray,
    row: usize,
    start: i64,
    end: Option<i64>,
) -> Option<impl Iterator<Item = i64> + '_> {
    if lists.is_null(row) {
        return None;
    }
    let times = lists.values().as_primitive::<TimestampMicrosecondType>();
    let (first, last) =
        (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
    let known = (first..last).filter(|&place| times.is_valid(place));
    let within = known.map(|place| times.value(place));
    Some(within.filter(move |&time| time >= start && end.is_none_or(|end| time < end)))
}

#[cfg(test)]
mod tests {
    use arrow::array::ListBuilder;
    use arrow::array::TimestampMicrosecondBuilder;

    use super::*;
    use crate::tests::call;

    /// A list of times, and the start and end of a span.
    type Row<'a> = (Option<&'a [i64]>, Option<i64>, Option<i64>);

    /// Count and first of each list in its span.
    fn ask(rows: &[Row<'_>]) -> Vec<(Option<i64>, Option<i64>)> {
        let element = Field::new_list_field(time(), true);
        let times = TimestampMicrosecondBuilder::new().with_timezone("UTC");
        let mut lists = ListBuilder::new(times).with_field(element);
        for (list, ..) in rows {
            lists.append_option(list.map(|list| list.iter().map(|&time| Some(time))));
        }
        let bound = |pick: &dyn Fn(usize) -> Option<i64>| {
            let times: TimestampMicrosecondArray = (0..rows.len()).map(pick).collect();
            ColumnarValue::Array(Arc::new(times.with_timezone("UTC")))
        };
        let arguments = [
            ColumnarValue::Array(Arc::new(lists.finish())),
            bound(&|row| rows[row].1),
            bound(&|row| rows[row].2),
        ];
        let answers = scalar_functions().into_iter().map(|function| {
            let answer = call(&function, &arguments, rows.len()).unwrap();
            let answer = answer.into_array(rows.len()).unwrap();
            arrow::compute::cast(&answer, &DataType::Int64).unwrap().as_primitive().clone()
        });
        let [counts, firsts]: [Int64Array; 2] =
            answers.collect::<Vec<_>>().try_into().unwrap_or_else(|_| unreachable!());
        counts.iter().zip(firsts.iter()).collect()
    }

    #[test]
    fn a_span_holds_its_start_and_not_its_end() {
        let times: Option<&[i64]> = Some(&[30, 10, 20, 10]);
        let answers = ask(&[
            (times, None, None),
            (times, Some(10), Some(30)),
            (times, Some(11), None),
            (times, None, Some(10)),
            (Some(&[]), None, None),
            (None, None, None),
        ]);
        let expected = [
            (Some(4), Some(10)),
            (Some(3), Some(10)),
            (Some(2), Some(20)),
            (Some(0), None),
            (Some(0), None),
            (None, None),
        ];
        assert_eq!(answers, expected);
    }
}
