import Common

/// The pictures of an organization in the server's avatars folder: avatars, custom emoji, icon and logo.
struct RealmPictures {
  let cast: Cast
  /// The server's `avatars` folder.
  let folder: String
  /// The secret `avatar_salt`, which avatar file names depend on.
  let salt: String

  func write() throws {
    let own = "\(folder)/\(cast.realm.id)"
    for person in cast.story.people where person.hasAvatar {
      let picture = Picture(of: person.name)
      let name = Digest.hexadecimal("\(try cast.id(person.key))\(salt)".utf8, .sha1)
      try SampleFile.write(picture.png(side: 256), to: "\(own)/\(name).original")
      try SampleFile.write(picture.png(side: 100), to: "\(own)/\(name).png")
      try SampleFile.write(picture.png(side: 500), to: "\(own)/\(name)-medium.png")
    }
    for (file, emoji) in cast.emojiFiles {
      let picture = Picture(of: file + emoji.name)
      let images = "\(own)/emoji/images"
      let bytes = emoji.isAnimated ? picture.gif(side: 64) : picture.png(side: 64)
      try SampleFile.write(bytes, to: "\(images)/\(file)")
      try SampleFile.write(bytes, to: "\(images)/\(file).original")
      if emoji.isAnimated {
        try SampleFile.write(picture.png(side: 64), to: "\(images)/still/\(file.prefix { $0 != "." }).png")
      }
    }
    let sign = Picture(of: cast.story.name)
    try SampleFile.write(sign.png(side: 200), to: "\(own)/realm/icon.original")
    try SampleFile.write(sign.png(side: 100), to: "\(own)/realm/icon.png")
    try SampleFile.write(sign.png(width: 800, height: 100), to: "\(own)/realm/logo.original")
    try SampleFile.write(sign.png(width: 400, height: 50), to: "\(own)/realm/logo.png")
  }
}
