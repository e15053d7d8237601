/// A copy of `themes/default.toml`, for a program without its files. A test compares both.
let defaultThemeText = #"""
  # The default theme.
  #
  # It keeps the terminal's own background, dark or light, and the terminal's own text colour for everything that is to be
  # read: no other colour is readable on both. The colours are for signs; what must stand out has its own background.
  # Colours: a name (red, bright-red), a number from 0 to 255, "#rrggbb", or "default".
  # Attributes: bold, dim, italic, underline, reverse. `mono` is used without colours.

  name = "default"
  summary = "Calm lagoon blue on your own background, dark or light"
  for = "any"

  [palette]
  lagoon = "#0087af"
  deep   = "#005f87"
  shade  = "#767676"
  palm   = "#008700"
  sand   = "#af5f00"
  coral  = "#d7005f"
  lava   = "#af0000"
  orchid = "#875fd7"
  foam   = "#ffffff"

  [roles]
  background    = { fg = "default", bg = "default" }
  text          = {}
  muted         = {}
  secondary     = {}
  title         = { attributes = ["bold"] }
  accent        = { fg = "lagoon", attributes = ["bold"] }
  link          = { attributes = ["underline"] }
  header        = { fg = "foam", bg = "deep", mono = ["reverse"] }
  border        = { fg = "shade" }

  # What the keyboard acts on, what was chosen, and what cannot be chosen: nothing else is dim.
  focus         = { fg = "foam", bg = "deep", attributes = ["bold"], mono = ["reverse", "bold"] }
  selection     = { attributes = ["bold"] }
  disabled      = { attributes = ["dim"] }

  # The signs of states. Their form says the same without colour; the sentences beside them are "text".
  ok            = { fg = "palm", attributes = ["bold"], mono = [] }
  warning       = { fg = "sand", attributes = ["bold"] }
  error         = { fg = "coral", attributes = ["bold"] }
  danger        = { fg = "foam", bg = "lava", attributes = ["bold"], mono = ["reverse", "bold"] }

  # Which kind of server this is.
  production    = { fg = "foam", bg = "lava", attributes = ["bold"], mono = ["reverse", "bold"] }
  test          = { fg = "foam", bg = "palm", attributes = ["bold"], mono = ["reverse"] }
  restore       = { fg = "foam", bg = "orchid", attributes = ["bold"], mono = ["reverse", "underline"] }

  key           = { attributes = ["bold"] }
  key-label     = {}

  progress-done = { fg = "lagoon", mono = ["bold"] }
  progress-todo = { fg = "shade" }

  input         = { attributes = ["underline"] }
  input-focused = { attributes = ["bold", "underline"] }
  input-error   = { attributes = ["underline"] }

  # The signs of added and removed lines.
  added         = { fg = "palm", attributes = ["bold"], mono = [] }
  removed       = { fg = "coral", attributes = ["bold"], mono = [] }

  """#
