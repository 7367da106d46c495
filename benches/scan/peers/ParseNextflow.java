import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Parses every Nextflow script and configuration file below a folder with Nextflow's own strict parser. */
public class ParseNextflow {
    public static void main(String[] arguments) throws Exception {
        List<File> files;
        try (Stream<Path> walk = Files.walk(Path.of(arguments[0]))) {
            files = walk.map(Path::toFile).filter(File::isFile).sorted().collect(Collectors.toList());
        }
        int taken = 0, refused = 0;
        for (File file : files) {
            boolean script = file.getName().endsWith(".nf");
            if (!script && !file.getName().endsWith(".config")) continue;
            try {
                var unit = script ? new nextflow.script.control.ScriptParser().parse(file)
                                  : new nextflow.config.control.ConfigParser().parse(file);
                if (unit.getErrorCollector().hasErrors()) refused++; else taken++;
            } catch (Throwable broken) {
                refused++;
            }
        }
        System.out.println(taken + " taken, " + refused + " refused");
    }
}
