/// Creates a one-page PDF with a few lines of plain text.
enum PDF {
  static func encode(_ lines: [String]) -> [UInt8] {
    let shown = lines.map { line in
      // The standard fonts need no embedding, but contain few characters: all except ASCII become question marks.
      line.unicodeScalars.map { scalar -> String in
        if scalar == "(" || scalar == ")" || scalar == "\\" { return "\\\(scalar)" }
        return scalar.isASCII ? String(scalar) : "?"
      }.joined()
    }
    let text = "BT /F1 14 Tf 72 760 Td 20 TL " + shown.map { "(\($0)) Tj T* " }.joined() + "ET"
    let objects = [
      "<< /Type /Catalog /Pages 2 0 R >>",
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        + "/Resources << /Font << /F1 5 0 R >> >> >>",
      "<< /Length \(text.utf8.count) >>\nstream\n\(text)\nendstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    var file = "%PDF-1.4\n"
    var offsets: [Int] = []
    for (index, object) in objects.enumerated() {
      offsets.append(file.utf8.count)
      file += "\(index + 1) 0 obj\n\(object)\nendobj\n"
    }
    let table = file.utf8.count
    file += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
    for offset in offsets {
      let digits = String(offset)
      file += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
    }
    file += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(table)\n%%EOF\n"
    return Array(file.utf8)
  }
}
