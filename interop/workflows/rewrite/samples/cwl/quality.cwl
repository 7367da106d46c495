cwlVersion: v1.2
class: CommandLineTool
# quay.io/biocontainers/fastqc in a comment stays as it is
requirements:
  - class: DockerRequirement
    dockerPull: quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0
  - class: ResourceRequirement
    coresMin: 2
baseCommand: fastqc
inputs:
  reads:
    type: File
    inputBinding: {position: 1}
outputs:
  report:
    type: File
    outputBinding:
      glob: "*.html"
