cwlVersion: v1.2
class: CommandLineTool
label: Counts the reads of an alignment
requirements:
  DockerRequirement:
    dockerPull: community.wave.seqera.io/library/samtools:1.21--0d76da7c3cf7751c
baseCommand: [samtools, view, -c]
inputs:
  alignment:
    type: File
    inputBinding: {position: 1}
outputs:
  count:
    type: stdout
stdout: count.txt
