/// What a reader of headers found, as stored.
struct ImageHeader {
  var width: Int
  var height: Int
  /// 1…8 as EXIF numbers the ways to hold a camera.
  var orientation = 1
  var frames = 1
}
