cwlVersion: v1.2
class: Workflow
inputs:
  reads: File
outputs:
  report:
    type: File
    outputSource: quality/report
requirements:
  StepInputExpressionRequirement: {}
hints:
  DockerRequirement:
    dockerPull: ubuntu:22.04
steps:
  quality:
    run: quality.cwl
    in:
      reads: reads
    out: [report]
  lines:
    in:
      file: quality/report
    out: [count]
    run:
      class: CommandLineTool
      hints:
        DockerRequirement: {dockerPull: "quay.io/biocontainers/coreutils:9.5"}
      baseCommand: [wc, -l]
      inputs:
        file:
          type: File
          inputBinding: {position: 1}
      stdout: lines.txt
      outputs:
        count:
          type: stdout
