import Common
import Glibc
import Testing

@testable import Server
@testable import WholeServer

@Suite("A schedule for a container")
struct ContainerScheduleTests {
  private let container = Container(
    root: "", brand: .zulip, signs: ["a test"], hasVolume: true, environment: nil, keepsConfigurationInVolume: false)

  private func schedule(_ folder: String, rehearses: Bool = true) -> ContainerSchedule {
    let schedule = BackupSchedule(
      folder: folder, hour: 4, minute: 5, rehearses: rehearses, program: "/usr/local/bin/aloha-wizard")
    return ContainerSchedule(schedule, in: container, canRehearse: true)
  }

  @Test("A schedule without PostgreSQL in the container contains no rehearsal and explains it")
  func noServer() {
    let schedule = BackupSchedule(folder: "/data/backups", program: "/p")
    let text = ContainerSchedule(schedule, in: container, canRehearse: false).text
    #expect(!text.contains("\"--rehearse\"") && !text.contains("inside /data/aloha-wizard/bin/aloha-wizard restore"))
    #expect(text.contains("a rehearsal needs PostgreSQL's server"))
  }

  @Test("A schedule for a container contains every step, with a program outside the container")
  func words() {
    let schedule = schedule("/data/backups")
    for text in [schedule.composeService, schedule.cronJob] {
      #expect(text.contains("/data/aloha-wizard/bin/aloha-wizard"))
      for word in ["prune", "--rehearse", "/data/backups"] { #expect(text.contains(word), "\(word)") }
    }
    #expect(schedule.cronJob.contains("schedule: \"5 4 * * *\""))
    #expect(schedule.cronJob.contains("schedule: \"5 6 * * 0\""))
    let without = self.schedule("/data/backups", rehearses: false)
    #expect(!without.text.contains("--rehearse"))
  }

  @Test(
    "A schedule for a container is valid YAML for any folder name",
    arguments: [
      "/data/backups", "/data/it's $HOME \"odd\": # \\ $(id) %d", "/data/two\nlines",
    ])
  func yaml(folder: String) throws {
    let schedule = schedule(folder)
    try Disaster.folder { work in
      try FileSystem.replace("\(work)/compose.yaml", with: schedule.composeService.utf8)
      try FileSystem.replace("\(work)/jobs.yaml", with: schedule.cronJob.utf8)
      try FileSystem.replace("\(work)/folder", with: folder.utf8)
      let program = """
        import sys, yaml, shlex
        work = sys.argv[1]
        folder = open(work + "/folder").read()
        service = yaml.safe_load(open(work + "/compose.yaml"))["services"]["aloha-wizard-backup"]
        script = service["command"][0].replace("$$", "$")
        assert service["environment"]["PROJECT"] == "${COMPOSE_PROJECT_NAME}"
        open(work + "/script", "w").write(script)
        assert folder in shlex.split(script, comments=True), script
        jobs = list(yaml.safe_load_all(open(work + "/jobs.yaml")))
        pods = [j["spec"]["jobTemplate"]["spec"]["template"]["spec"] for j in jobs if j["kind"] == "CronJob"]
        words = pods[0]["initContainers"][0]["command"]
        assert words[:4] == ["kubectl", "exec", "statefulset/zulip", "--"], words
        assert folder in [w.replace("$$(", "$(") for w in words], words
        assert len(pods) == 2
        """
      let python = try Subprocess("/usr/bin/env", ["python3", "-c", "import yaml"], directory: "/").run()
      guard python.status == 0 else { return }
      try Subprocess("/usr/bin/env", ["python3", "-c", program, work], directory: "/").runChecked()
      try Subprocess("/bin/sh", ["-n", "\(work)/script"], directory: "/").runChecked()
    }
  }
}
