import CGD
import Testing
