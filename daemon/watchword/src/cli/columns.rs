//! A table for a person: each column is as wide as its widest text.

/// The rows as lines, the first one being the heading. Nothing stands behind the last column.
pub(super) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_pushes_nothing_out_of_its_column() {
        let rows = [["A", "B", "C"], ["été", "much longer than the others", "x"], ["", "y", "z"]];
        let rows = rows.map(|row| row.map(str::to_owned));
        let table = columns(&rows);
        let at =
            |line: &str, text: &str| line.char_indices().position(|(byte, _)| line[byte..].starts_with(text));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(at(lines[0], "C"), at(lines[1], "x"));
        assert_eq!(at(lines[0], "C"), at(lines[2], "z"));
        assert_eq!((at(lines[0], "B"), at(lines[2], "y")), (Some(5), Some(5)));
    }
}
