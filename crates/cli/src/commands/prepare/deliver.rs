//! Maps and reports in files.

use std::path::Path;

use operations::OperationError;
use operations::map::{self, Format};
use operations::prepare::{self, PrepareReport};

use crate::arguments::DeliveryArguments;
use crate::commands::remarks;
use crate::failure::remark;
use crate::screen::count;

/// Writes the files that were asked for, each whatever becomes of the others.
///
/// # Errors
/// The first file that cannot be written.
pub(super) fn write(report: &PrepareReport, delivery: &DeliveryArguments) -> operations::Result<()> {
    let flat = delivery.map.as_deref().map(|path| write_map(report, Format::Flat, path, delivery.replace));
    let healthomics = delivery
        .healthomics_map
        .as_deref()
        .map(|path| write_map(report, Format::Healthomics, path, delivery.replace));
    let html = delivery.report.as_deref().map(|path| write_html(report, path));
    [flat, healthomics, html].into_iter().flatten().collect()
}

fn write_map(report: &PrepareReport, format: Format, path: &Path, replace: bool) -> operations::Result<()> {
    let written = map::write(report.map(), format, path, replace)?;
    remark(&format!("wrote {} into {}", count(written.changed, "entry", "entries"), path.display()));
    remarks::findings(&written.findings);
    Ok(())
}

fn write_html(report: &PrepareReport, path: &Path) -> operations::Result<()> {
    std::fs::write(path, prepare::html(report)).map_err(|error| {
        OperationError::new(format!("cannot write the report `{}`", path.display()))
            .refused(error)
            .hint("name a file in a folder that exists and may be written")
    })?;
    remark(&format!("wrote the report into {}", path.display()));
    Ok(())
}
