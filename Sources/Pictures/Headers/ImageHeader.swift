/// The size and orientation of an image, as stored in its header.
struct ImageHeader {
  var width: Int
  var height: Int
  /// The EXIF orientation, 1 to 8.
  var orientation = 1
  var frames = 1
}
