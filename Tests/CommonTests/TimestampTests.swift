import Common
import Testing

@Suite("Times as text")
struct TimestampTests {
  @Test(
    "A time is encoded and decoded unchanged",
    arguments: [
      (0, "1970-01-01T00:00:00.000000+00:00"), (-1, "1969-12-31T23:59:59.999999+00:00"),
      (1_795_375_232_940_436, "2026-11-22T19:20:32.940436+00:00"),
      (253_402_300_799_999_999, "9999-12-31T23:59:59.999999+00:00"),
    ] as [(Int64, String)])
  func both(moment: Int64, text: String) {
    #expect(Timestamp.iso(microseconds: moment) == text)
    #expect(Timestamp.microseconds(iso: text) == moment)
  }

  @Test("Every 64-bit number of microseconds can be formatted")
  func extremes() {
    #expect(Timestamp.iso(microseconds: .max) == "294247-01-10T04:00:54.775807+00:00")
    #expect(Timestamp.iso(microseconds: .min).hasSuffix(".224192+00:00 BC"))
    #expect(Timestamp.iso(microseconds: -210_866_803_200_000_000) == "4714-11-24T00:00:00.000000+00:00 BC")
  }

  @Test(
    "Times are parsed in the formats of servers",
    arguments: [
      "2026-11-22T19:20:32", "2026-11-22 19:20:32", "2026-11-22T19:20:32Z", "2026-11-22 19:20:32+00",
      "2026-11-22T19:20:32.0+0000", "2026-11-22T20:50:32+01:30", "2026-11-22T14:20:32.000000000-05:00",
    ])
  func forms(text: String) {
    #expect(Timestamp.microseconds(iso: text) == 1_795_375_232_000_000)
  }

  @Test(
    "Invalid times are nil",
    arguments: [
      "", "2026", "infinity", "-infinity", "2026-13-01T00:00:00", "2026-02-30T00:00:00", "2026-00-01T00:00:00",
      "2026-01-00T00:00:00", "2026-01-01T24:00:00", "2026-01-01T00:60:00", "2026-01-01T00:00:61",
      "2026-01-01T00:00:00x",
      "2026-01-01T00:00:00.", "2026-01-01T00:00:00+", "2026-01-01T00:00:00+99:00", "2026-01-01T00:00:00+00:00:00",
      "+026-01-01T00:00:00", "-026-01-01T00:00:00", "2026-01-01T+1:00:00", "0000-01-01T00:00:00",
      "2026-01-01T00:00:00." + String(repeating: "1", count: 100),
    ])
  func wrong(text: String) {
    #expect(Timestamp.microseconds(iso: text) == nil)
  }
}
