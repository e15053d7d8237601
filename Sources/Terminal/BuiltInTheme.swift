/// A copy of `themes/default.toml`, for a program without its files. A test compares both.
let defaultThemeText = #"""
  # The default theme.
  #
  # It keeps the terminal's own background and text, so that it suits dark and light screens.
  # Colours are of medium brightness, readable on both; important elements have their own background.
  # Colours: a name (red, bright-red), a number from 0 to 255, "#rrggbb", or "default".
  # Attributes: bold, dim, italic, underline, reverse. `mono` is used without colours.

  name = "default"
  summary = "Calm lagoon blue on your own background, dark or light"

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
  text          = { fg = "default" }
  muted         = { fg = "shade", mono = ["dim"] }
  secondary     = { fg = "shade", mono = [] }
  title         = { fg = "default", attributes = ["bold"] }
  accent        = { fg = "lagoon", attributes = ["bold"] }
  link          = { fg = "lagoon", attributes = ["underline"] }
  header        = { fg = "foam", bg = "deep", mono = ["reverse"] }
  border        = { fg = "shade", mono = [] }

  # What the keyboard acts on, what was chosen, what cannot be chosen.
  focus         = { fg = "foam", bg = "deep", attributes = ["bold"], mono = ["reverse", "bold"] }
  selection     = { fg = "lagoon", attributes = ["bold"] }
  disabled      = { fg = "shade", attributes = ["dim"] }

  # How it went. The marks beside them say the same without colour.
  ok            = { fg = "palm", mono = [] }
  warning       = { fg = "sand", attributes = ["bold"] }
  error         = { fg = "coral", attributes = ["bold"] }
  danger        = { fg = "foam", bg = "lava", attributes = ["bold"], mono = ["reverse", "bold"] }

  # Which kind of server this is.
  production    = { fg = "foam", bg = "lava", attributes = ["bold"], mono = ["reverse", "bold"] }
  test          = { fg = "foam", bg = "palm", attributes = ["bold"], mono = ["reverse"] }
  restore       = { fg = "foam", bg = "orchid", attributes = ["bold"], mono = ["reverse", "underline"] }

  key           = { fg = "lagoon", attributes = ["bold"] }
  key-label     = { fg = "shade", mono = [] }

  progress-done = { fg = "lagoon", mono = ["bold"] }
  progress-todo = { fg = "shade", mono = ["dim"] }

  input         = { fg = "default", attributes = ["underline"] }
  input-focused = { fg = "lagoon", attributes = ["bold", "underline"] }
  input-error   = { fg = "coral", attributes = ["underline"] }

  # Lines that come and go; a sign before them says the same.
  added         = { fg = "palm", mono = [] }
  removed       = { fg = "coral", mono = [] }

  """#
