import Common
import Server

/// Nightly backups of a server in a container, as text: a service for Compose, and a CronJob for Kubernetes, with each
/// line explained.
///
/// Both run the program in the server's own container, because only there are its settings. A container has no systemd,
/// and a crontab in it is lost with it. The texts contain no secrets.
public struct ContainerSchedule: Sendable {
  private let schedule: BackupSchedule
  private let container: Container
  /// Whether a rehearsal was requested that the texts do not contain.
  private let cannotRehearse: Bool

  /// - Parameter canRehearse: whether the PostgreSQL server that a rehearsal starts is installed in the container; the
  ///   image contains only its client programs. Nil: determined here.
  public init(
    _ schedule: BackupSchedule, in container: Container,
    canRehearse: Bool? = nil
  ) {
    let canRehearse = canRehearse ?? !PostgresTools.installed(having: ThrowawayCluster.programs).isEmpty
    self.container = container
    cannotRehearse = schedule.rehearses && !canRehearse
    let folder = "\(container.root)\(Container.volume)/"
    var schedule = schedule
    if container.hasVolume, !schedule.program.hasPrefix(folder) {
      // Files outside of the volume are lost with the container.
      schedule.program = "\(folder)\(Program.name)/bin/\(Program.name)"
    }
    schedule.rehearses = schedule.rehearses && canRehearse
    self.schedule = schedule
  }

  /// The name of the server's service in the compose file, and of its StatefulSet.
  private var server: String { container.brand.rawValue }
  private static let unit = "\(Program.name)-backup"

  // MARK: Compose

  /// The text for compose.override.yaml.
  public var composeService: String {
    """
    services:
      \(Self.unit):
        # Any image with a shell and docker's client does.
        image: "docker:cli"
        restart: unless-stopped
        depends_on:
          - \(YAML.quoted(server))
        environment:
          # Compose gives its own name here: the server is found by it.
          PROJECT: "${COMPOSE_PROJECT_NAME}"
        volumes:
          # Lets it run a command in the server's container. Whoever has this socket is root on the host: without it, let
          # the host's cron run: docker compose exec -T \(server) …, with the same commands.
          - "/var/run/docker.sock:/var/run/docker.sock"
        healthcheck:
          # Unhealthy after a backup or a rehearsal that failed, until the next one that does not.
          test: ["CMD", "test", "!", "-e", "/tmp/failed"]
        entrypoint: ["/bin/sh", "-eu", "-c"]
        command:
          - |
    \(Self.indented(script.replacing("$", with: "$$"), by: 8))

    """
  }

  /// The script of the service, for any POSIX shell.
  private var script: String {
    let rehearsal =
      schedule.rehearses
      ? """

        # Sundays: restore the newest backup into a throw-away database and compare it.
        if [ "$(date -u +%u)" = 7 ]; then
          inside \(BackupSchedule.shell(schedule.rehearsal)) || failed=1
        fi
      """ : ""
    return """
      # Every night at \(time) UTC, the time zone of containers.
      inside() {
        docker exec "$(docker ps -q --filter "label=com.docker.compose.project=$PROJECT" \\
          --filter label=com.docker.compose.service=\(server) | head -n 1)" "$@"
      }
      while true; do
        now=$(date +%s)
        next=$((now / 86400 * 86400 + \(seconds)))
        [ "$next" -gt "$now" ] || next=$((next + 86400))
        sleep $((next - now))
        failed=
        # Old backups are deleted only after a new one was made.
        { inside \(BackupSchedule.shell(schedule.backup)) &&
          inside \(BackupSchedule.shell(schedule.prune)); } || failed=1\(rehearsal)
        if [ "$failed" ]; then touch /tmp/failed; else rm -f /tmp/failed; fi
      done
      """
  }

  private var seconds: Int { schedule.hour * 3600 + schedule.minute * 60 }

  private var time: String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(two(schedule.hour)):\(two(schedule.minute))"
  }

  private static func indented(_ text: String, by count: Int) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.isEmpty ? "" : String(repeating: " ", count: count) + line
    }.joined(separator: "\n")
  }

  // MARK: Kubernetes

  /// The manifests for `kubectl apply -f`: the jobs, and only the right to run a command in the server's pod.
  public var cronJob: String {
    var documents = [
      """
      apiVersion: v1
      kind: ServiceAccount
      metadata:
        name: \(Self.unit)
      """,
      """
      # Whoever may run commands in the server's pod can read all that the server has.
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata:
        name: \(Self.unit)
      rules:
        - apiGroups: ["apps"]
          resources: ["statefulsets"]
          resourceNames: [\(YAML.quoted(server))]
          verbs: ["get"]
        - apiGroups: [""]
          resources: ["pods"]
          verbs: ["get", "list"]
        - apiGroups: [""]
          resources: ["pods/exec"]
          verbs: ["create", "get"]
      """,
      """
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata:
        name: \(Self.unit)
      roleRef:
        apiGroup: rbac.authorization.k8s.io
        kind: Role
        name: \(Self.unit)
      subjects:
        - kind: ServiceAccount
          name: \(Self.unit)
      """,
      job(
        Self.unit, "\(schedule.minute) \(schedule.hour) * * *",
        """
        # Old backups are deleted only after a new one was made.
        initContainers:
        \(Self.indented(pod("backup", schedule.backup), by: 2))
        containers:
        \(Self.indented(pod("prune", schedule.prune), by: 2))
        """),
    ]
    if schedule.rehearses {
      documents.append(
        job(
          "\(Program.name)-rehearsal", "\(schedule.minute) \((schedule.hour + 2) % 24) * * 0",
          """
          # Sundays: restores the newest backup into a throw-away database and compares it.
          containers:
          \(Self.indented(pod("rehearsal", schedule.rehearsal), by: 2))
          """))
    }
    return documents.joined(separator: "\n---\n") + "\n"
  }

  private func job(_ name: String, _ cron: String, _ containers: String) -> String {
    """
    apiVersion: batch/v1
    kind: CronJob
    metadata:
      name: \(name)
    spec:
      schedule: \(YAML.quoted(cron))
      timeZone: "Etc/UTC"
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          # A failure shows as a failed job; the next night tries again.
          backoffLimit: 0
          template:
            spec:
              serviceAccountName: \(Self.unit)
              restartPolicy: Never
    \(Self.indented(containers, by: 10))
    """
  }

  private func pod(_ name: String, _ words: [String]) -> String {
    let command = ["kubectl", "exec", "statefulset/\(server)", "--"] + words
    return """
      - name: \(name)
        # Take the version of your cluster.
        image: "registry.k8s.io/kubectl:v1.32.0"
        command: \(YAML.list(command, YAML.kubernetes))
      """
  }

  // MARK: Texts

  /// The installation steps, one per line.
  public var steps: [String] {
    let program = BackupSchedule.shell([schedule.program])
    let bin = schedule.program.split(separator: "/").dropLast().joined(separator: "/")
    return [
      "in the container: mkdir -p \(BackupSchedule.shell(["/\(bin)"])) && cp "
        + "\(BackupSchedule.shell([BackupSchedule.ownPath])) \(program)    (the volume outlives the container)",
      "with compose: add the service to compose.override.yaml, then docker compose up -d \(Self.unit)",
      "with Kubernetes: save the jobs as a file, put in the name of your StatefulSet (kubectl get statefulset), then "
        + "kubectl apply -n NAMESPACE -f FILE",
      "run it once by hand now: \(BackupSchedule.shell(schedule.backup))",
    ]
      + (cannotRehearse
        ? [
          "a rehearsal needs PostgreSQL's server, which is not in this container: rehearse where the backups are copied "
            + "to, with restore --rehearse --newest-in FOLDER"
        ] : []) + [
        "let another machine fetch \(BackupSchedule.shell([schedule.folder])) every day: a backup on the same volume does not protect against its loss",
        "the image's own dumps of the database (AUTO_BACKUP_ENABLED) hold no uploads and no settings, and are never deleted",
      ] + schedule.elsewhere
  }

  /// All parts as one text.
  public var text: String {
    "# compose.override.yaml\n\n\(composeService)\n# Kubernetes, for kubectl apply\n\n\(cronJob)\n# What to do:\n"
      + steps.enumerated().map { "#   \($0 + 1). \($1)\n" }.joined()
  }
}
