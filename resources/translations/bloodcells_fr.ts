<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr_FR" sourcelanguage="en_GB">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About bloodcells</source>
        <translation>À propos de bloodcells</translation>
    </message>
    <message>
        <source>Version {version}</source>
        <translation>Version {version}</translation>
    </message>
    <message>
        <source>For Research Use Only. Not for use in diagnostic procedures.</source>
        <translation>Réservé à la recherche. Ne pas utiliser à des fins diagnostiques.</translation>
    </message>
    <message>
        <source>Works without a network: no image and no figure leaves this computer.</source>
        <translation>Fonctionne sans réseau : aucune image ni aucun chiffre ne quitte cet ordinateur.</translation>
    </message>
    <message>
        <source>This program is free software under the Apache licence 2.0. It stands on:</source>
        <translation>Ce programme est un logiciel libre sous licence Apache 2.0. Il s’appuie sur :</translation>
    </message>
    <message>
        <source>Licences of the parts</source>
        <translation>Licences des composants</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>Open &amp;folder…</source>
        <translation>Ouvrir un &amp;dossier…</translation>
    </message>
    <message>
        <source>Open &amp;slide or image…</source>
        <translation>Ouvrir une &amp;lame ou une image…</translation>
    </message>
    <message>
        <source>Open &amp;case…</source>
        <translation>Ouvrir un &amp;cas…</translation>
    </message>
    <message>
        <source>Try a s&amp;ynthetic specimen</source>
        <translation>Essayer un échantillon s&amp;ynthétique</translation>
    </message>
    <message>
        <source>Con&amp;tinue the analysis</source>
        <translation>Con&amp;tinuer l’analyse</translation>
    </message>
    <message>
        <source>&amp;Analyse again with another scale…</source>
        <translation>&amp;Analyser de nouveau avec une autre échelle…</translation>
    </message>
    <message>
        <source>&amp;Export the report…</source>
        <translation>&amp;Exporter le compte rendu…</translation>
    </message>
    <message>
        <source>Si&amp;gn…</source>
        <translation>Si&amp;gner…</translation>
    </message>
    <message>
        <source>C&amp;lose the case</source>
        <translation>&amp;Fermer le cas</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Quitter</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Annuler</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Rétablir</translation>
    </message>
    <message>
        <source>&amp;Confirm</source>
        <translation>&amp;Confirmer</translation>
    </message>
    <message>
        <source>E&amp;xclude</source>
        <translation>E&amp;xclure</translation>
    </message>
    <message>
        <source>Re&amp;store</source>
        <translation>Re&amp;mettre</translation>
    </message>
    <message>
        <source>Next &amp;doubtful cell</source>
        <translation>Cellule &amp;douteuse suivante</translation>
    </message>
    <message>
        <source>Next cell &amp;nobody has looked at</source>
        <translation>Cellule suivante &amp;non revue</translation>
    </message>
    <message>
        <source>&amp;Larger pictures</source>
        <translation>Images plus &amp;grandes</translation>
    </message>
    <message>
        <source>&amp;Smaller pictures</source>
        <translation>Images plus &amp;petites</translation>
    </message>
    <message>
        <source>&amp;Explanation (Grad-CAM)</source>
        <translation>&amp;Explication (Grad-CAM)</translation>
    </message>
    <message>
        <source>Com&amp;pare the chosen cells</source>
        <translation>Com&amp;parer les cellules choisies</translation>
    </message>
    <message>
        <source>L&amp;oupe</source>
        <translation>L&amp;oupe</translation>
    </message>
    <message>
        <source>Class by &amp;name…</source>
        <translation>Classe par son &amp;nom…</translation>
    </message>
    <message>
        <source>&amp;Keys…</source>
        <translation>&amp;Touches…</translation>
    </message>
    <message>
        <source>&amp;Preferences…</source>
        <translation>&amp;Préférences…</translation>
    </message>
    <message>
        <source>&amp;Who reviews…</source>
        <translation>&amp;Qui relit…</translation>
    </message>
    <message>
        <source>&amp;Save a report for support…</source>
        <translation>Enregi&amp;strer un rapport pour l’assistance…</translation>
    </message>
    <message>
        <source>&amp;About</source>
        <translation>À &amp;propos</translation>
    </message>
    <message>
        <source>As the &amp;desktop</source>
        <translation>Comme le &amp;bureau</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Sombre</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Dossier</translation>
    </message>
    <message>
        <source>Slide</source>
        <translation>Lame</translation>
    </message>
    <message>
        <source>Confirm</source>
        <translation>Confirmer</translation>
    </message>
    <message>
        <source>Next doubtful</source>
        <translation>Douteuse</translation>
    </message>
    <message>
        <source>Next unseen</source>
        <translation>Non revue</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exporter</translation>
    </message>
    <message>
        <source>Sign</source>
        <translation>Signer</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Fichier</translation>
    </message>
    <message>
        <source>&amp;Review</source>
        <translation>&amp;Relecture</translation>
    </message>
    <message>
        <source>&amp;Give a class</source>
        <translation>&amp;Attribuer une classe</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Affichage</translation>
    </message>
    <message>
        <source>Cells li&amp;ke this one</source>
        <translation>Cellules &amp;semblables</translation>
    </message>
    <message>
        <source>Next pa&amp;nel</source>
        <translation>Panneau suiva&amp;nt</translation>
    </message>
    <message>
        <source>L&amp;ight</source>
        <translation>Cla&amp;ir</translation>
    </message>
    <message>
        <source>&amp;Appearance</source>
        <translation>&amp;Apparence</translation>
    </message>
    <message>
        <source>&amp;Settings</source>
        <translation>Ré&amp;glages</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>A&amp;ide</translation>
    </message>
</context>
<context>
    <name>AgreementModel</name>
    <message>
        <source>Exact 95 % limits of the first reader&apos;s share; * the second lies outside (Rümke)</source>
        <translation>Limites exactes à 95 % de la part du premier lecteur ; * le second est en dehors (Rümke)</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>First</source>
        <translation>Premier</translation>
    </message>
    <message>
        <source>Second</source>
        <translation>Second</translation>
    </message>
    <message>
        <source>Both</source>
        <translation>Les deux</translation>
    </message>
    <message>
        <source>Agreement</source>
        <translation>Concordance</translation>
    </message>
    <message>
        <source>Rümke, %</source>
        <translation>Rümke, %</translation>
    </message>
</context>
<context>
    <name>AgreementWindow</name>
    <message>
        <source>Smear and analyser over cases</source>
        <translation>Frottis et automate sur plusieurs dossiers</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>Reading the cases…</source>
        <translation>Lecture des dossiers…</translation>
    </message>
    <message>
        <source>Not in it, because they cannot be read: {names}</source>
        <translation>N’y figurent pas, car illisibles : {names}</translation>
    </message>
    <message>
        <source>The cases could not be compared.</source>
        <translation>Les cas n’ont pas pu être comparés.</translation>
    </message>
    <message>
        <source>No case holds an analyser&apos;s differential.</source>
        <translation>Aucun dossier ne contient la formule d&apos;un automate.</translation>
    </message>
    <message numerus="yes">
        <source>%n case(s)</source>
        <translation>
            <numerusform>%n dossier</numerusform>
            <numerusform>%n dossiers</numerusform>
        </translation>
    </message>
    <message>
        <source>bias {bias} ({low} to {high}), limits of agreement {loa_low} to {loa_high} percentage points</source>
        <translation>biais {bias} ({low} à {high}), limites de concordance {loa_low} à {loa_high} points de pourcentage</translation>
    </message>
</context>
<context>
    <name>AmendDialog</name>
    <message>
        <source>Amend the signed report</source>
        <translation>Rectifier le compte rendu signé</translation>
    </message>
    <message>
        <source>A new version begins; the signed one is kept and can be printed at any time.</source>
        <translation>Une nouvelle version commence ; celle qui est signée est conservée et peut être imprimée à tout moment.</translation>
    </message>
    <message>
        <source>Amend</source>
        <translation>Rectifier</translation>
    </message>
    <message>
        <source>&amp;Reason</source>
        <translation>&amp;Motif</translation>
    </message>
</context>
<context>
    <name>AnalyserModel</name>
    <message>
        <source>With 95 % limits</source>
        <translation>Avec les limites à 95 %</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>Analyser %</source>
        <translation>Automate %</translation>
    </message>
    <message>
        <source>Smear %</source>
        <translation>Frottis %</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Différence</translation>
    </message>
</context>
<context>
    <name>AnalyserPanel</name>
    <message>
        <source>Analyser and smear</source>
        <translation>Automate et frottis</translation>
    </message>
    <message>
        <source>not told</source>
        <translation>non précisé</translation>
    </message>
    <message>
        <source>Leukocytes counted by the analyser</source>
        <translation>Leucocytes comptés par l&apos;automate</translation>
    </message>
    <message>
        <source>&amp;Import CSV…</source>
        <translation>&amp;Importer un CSV…</translation>
    </message>
    <message>
        <source>Over &amp;cases…</source>
        <translation>Sur plusieurs &amp;dossiers…</translation>
    </message>
    <message>
        <source>* outside the exact 95 % limits of the smear&apos;s count. Double click a figure to enter it.</source>
        <translation>* hors des limites exactes à 95 % du comptage du frottis. Double-cliquez sur un chiffre pour le saisir.</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>Tableaux</translation>
    </message>
    <message>
        <source>The analyser&apos;s differential</source>
        <translation>La formule de l&apos;automate</translation>
    </message>
</context>
<context>
    <name>AnalysisBar</name>
    <message>
        <source>Progress of the analysis</source>
        <translation>Avancement de l’analyse</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Arrêter</translation>
    </message>
    <message>
        <source>Stops the analysis; what was found so far is kept</source>
        <translation>Arrête l’analyse ; ce qui a été trouvé est conservé</translation>
    </message>
    <message>
        <source>Analysing</source>
        <translation>Analyse</translation>
    </message>
    <message>
        <source>preparing…</source>
        <translation>préparation…</translation>
    </message>
    <message>
        <source>{done} of {total} {unit}</source>
        <translation>{done} sur {total} {unit}</translation>
    </message>
    <message numerus="yes">
        <source>%n cell(s) found</source>
        <translation>
            <numerusform>%n cellule trouvée</numerusform>
            <numerusform>%n cellules trouvées</numerusform>
        </translation>
    </message>
    <message>
        <source>{rate}/s</source>
        <translation>{rate}/s</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>encore {time}</translation>
    </message>
    <message>
        <source>stopping…</source>
        <translation>arrêt en cours…</translation>
    </message>
</context>
<context>
    <name>AnalysisControl</name>
    <message>
        <source>The analysis was stopped.</source>
        <translation>L’analyse a été arrêtée.</translation>
    </message>
    <message>
        <source>What was found so far is kept and marked incomplete.</source>
        <translation>Ce qui a été trouvé est conservé et marqué incomplet.</translation>
    </message>
    <message>
        <source>It can be continued from the File menu.</source>
        <translation>Elle peut être continuée depuis le menu Fichier.</translation>
    </message>
    <message>
        <source>Give the scale: the images are analysed anew as another case; this one stays.</source>
        <translation>Donnez l’échelle : les images sont analysées de nouveau, dans un cas à part ; celui-ci reste.</translation>
    </message>
    <message>
        <source>Give the scale…</source>
        <translation>Donner l’échelle…</translation>
    </message>
    <message>
        <source>When the images are there again, continue the analysis from the File menu.</source>
        <translation>Quand les images seront de nouveau là, continuez l’analyse depuis le menu Fichier.</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>et %n autre</numerusform>
            <numerusform>et %n autres</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read and were left out.</source>
        <translation>
            <numerusform>%n fichier n’a pas pu être lu et a été écarté.</numerusform>
            <numerusform>%n fichiers n’ont pas pu être lus et ont été écartés.</numerusform>
        </translation>
    </message>
    <message>
        <source>All of them stand in skipped.csv of the export.</source>
        <translation>Tous figurent dans skipped.csv de l’export.</translation>
    </message>
</context>
<context>
    <name>AuditWindow</name>
    <message>
        <source>Audit trail</source>
        <translation>Journal d&apos;audit</translation>
    </message>
    <message>
        <source>Search in everything</source>
        <translation>Rechercher partout</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Recherche</translation>
    </message>
    <message>
        <source>End of the chain, from a report</source>
        <translation>Fin de la chaîne, d&apos;un compte rendu</translation>
    </message>
    <message>
        <source>End of the audit chain as printed on a report</source>
        <translation>Fin de la chaîne d&apos;audit telle qu&apos;imprimée sur un compte rendu</translation>
    </message>
    <message>
        <source>With at least its first 16 characters, verifying tells whether the case still holds it.</source>
        <translation>Avec au moins ses 16 premiers caractères, la vérification dit si le cas la contient encore.</translation>
    </message>
    <message>
        <source>&amp;Verify the case</source>
        <translation>&amp;Vérifier le dossier</translation>
    </message>
    <message>
        <source>&amp;Write the trail…</source>
        <translation>&amp;Écrire le journal…</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>Tableaux</translation>
    </message>
    <message>
        <source>Write the trail</source>
        <translation>Écrire le journal</translation>
    </message>
    <message numerus="yes">
        <source>%n entry(s) were written.</source>
        <translation>
            <numerusform>%n entrée a été écrite.</numerusform>
            <numerusform>%n entrées ont été écrites.</numerusform>
        </translation>
    </message>
    <message>
        <source>Compared: {entries} entries of the chain, {events} decisions, {cells} cells, {images} images.</source>
        <translation>Comparés : {entries} entrées de la chaîne, {events} décisions, {cells} cellules, {images} images.</translation>
    </message>
    <message>
        <source>The case is as it was written.</source>
        <translation>Le dossier est tel qu&apos;il a été écrit.</translation>
    </message>
    <message>
        <source>The case is not as it was written.</source>
        <translation>Le dossier n&apos;est pas tel qu&apos;il a été écrit.</translation>
    </message>
</context>
<context>
    <name>BackupWindow</name>
    <message>
        <source>Backup</source>
        <translation>Sauvegarde</translation>
    </message>
    <message>
        <source>&amp;Back up…</source>
        <translation>&amp;Sauvegarder…</translation>
    </message>
    <message>
        <source>&amp;Restore…</source>
        <translation>&amp;Restaurer…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <source>Progress of the backup</source>
        <translation>Avancement de la sauvegarde</translation>
    </message>
    <message>
        <source>A backup is one file with all cases, the work list, the reference library, the calibration profiles and the settings. It may be made while cases are open, is read back and compared when it is written, and holds patients&apos; data, unencrypted. The images of specimens are not in it: they stay where they are.</source>
        <translation>Une sauvegarde est un fichier unique avec tous les cas, la liste de travail, la bibliothèque de référence, les profils d&apos;étalonnage et les réglages. Elle peut être faite pendant que des cas sont ouverts, est relue et comparée une fois écrite, et contient des données de patients, non chiffrées. Les images des échantillons n&apos;y sont pas : elles restent à leur place.</translation>
    </message>
    <message>
        <source>Cases are those in {folder}. A case file that you opened from another place is not among them: copy it yourself.</source>
        <translation>Les cas sont ceux de {folder}. Un fichier de cas ouvert depuis un autre endroit n&apos;en fait pas partie : copiez-le vous-même.</translation>
    </message>
    <message>
        <source>A restore compares the file first and replaces nothing: it needs a workstation without cases of its own, or an empty folder.</source>
        <translation>Une restauration compare d&apos;abord le fichier et ne remplace rien : il lui faut un poste sans cas à lui, ou un dossier vide.</translation>
    </message>
    <message>
        <source>Backups</source>
        <translation>Sauvegardes</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Restaurer</translation>
    </message>
    <message>
        <source>{done} of {total} MB</source>
        <translation>{done} sur {total} Mo</translation>
    </message>
    <message>
        <source>Cancelled: nothing was written.</source>
        <translation>Annulé : rien n&apos;a été écrit.</translation>
    </message>
    <message>
        <source>Into an empty folder…</source>
        <translation>Dans un dossier vide…</translation>
    </message>
    <message>
        <source>Empty folder for the restored data</source>
        <translation>Dossier vide pour les données restaurées</translation>
    </message>
</context>
<context>
    <name>Banner</name>
    <message>
        <source>Copy report</source>
        <translation>Copier le rapport</translation>
    </message>
    <message>
        <source>Copies a technical report without patient data</source>
        <translation>Copie un rapport technique sans données du patient</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Fermer</translation>
    </message>
</context>
<context>
    <name>BannerStack</name>
    <message>
        <source>{case}, which is closed: {problem}</source>
        <translation>{case}, qui est fermé : {problem}</translation>
    </message>
    <message>
        <source>The program met a fault of its own.</source>
        <translation>Le programme a rencontré une erreur interne.</translation>
    </message>
    <message>
        <source>Your decisions are in the case file; nothing of them is lost.</source>
        <translation>Vos décisions sont dans le fichier du cas ; aucune n’est perdue.</translation>
    </message>
    <message>
        <source>Copy the report and pass it on; it holds no patient data.</source>
        <translation>Copiez le rapport et transmettez-le ; il ne contient aucune donnée du patient.</translation>
    </message>
    <message>
        <source>Report for support…</source>
        <translation>Rapport pour l’assistance…</translation>
    </message>
    <message numerus="yes">
        <source>%n more notice(s)</source>
        <translation>
            <numerusform>%n autre avis</numerusform>
            <numerusform>%n autres avis</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>BlandAltmanPlot</name>
    <message>
        <source>+1.96 SD</source>
        <translation>+1,96 ET</translation>
    </message>
    <message>
        <source>bias</source>
        <translation>biais</translation>
    </message>
    <message>
        <source>-1.96 SD</source>
        <translation>-1,96 ET</translation>
    </message>
    <message>
        <source>mean of smear and analyser, % ({low} to {high})</source>
        <translation>moyenne du frottis et de l&apos;automate, % ({low} à {high})</translation>
    </message>
</context>
<context>
    <name>ByItself</name>
    <message>
        <source>What the network said of this cell alone. The proposal also takes in the whole specimen:
the mix of its cells, their measurements, and cells that look alike.</source>
        <translation>Ce que le réseau a dit de cette cellule seule. La proposition tient aussi compte
du prélèvement entier&#xa0;: du mélange de ses cellules, de leurs mesures, et des cellules qui se ressemblent.</translation>
    </message>
    <message>
        <source>Taken by itself: {name} ({percent})</source>
        <translation>Prise isolément&#xa0;: {name} ({percent})</translation>
    </message>
</context>
<context>
    <name>CalibrationWindow</name>
    <message>
        <source>Calibrate to this laboratory</source>
        <translation>Calibrer pour ce laboratoire</translation>
    </message>
    <message>
        <source>From cells that you reviewed the classifier learns the look of your stain and camera. Before and after are cross-validated; every report names the profile that was in use.</source>
        <translation>À partir des cellules que vous avez relues, le classifieur apprend l&apos;aspect de votre coloration et de votre caméra. L&apos;avant et l&apos;après sont validés par croisement ; chaque compte rendu nomme le profil utilisé.</translation>
    </message>
    <message>
        <source>Profiles</source>
        <translation>Profils</translation>
    </message>
    <message>
        <source>Name of the profile</source>
        <translation>Nom du profil</translation>
    </message>
    <message numerus="yes">
        <source>&amp;Calibrate from %n reviewed cell(s)</source>
        <translation>
            <numerusform>&amp;Calibrer à partir de %n cellule relue</numerusform>
            <numerusform>&amp;Calibrer à partir de %n cellules relues</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Use</source>
        <translation>&amp;Utiliser</translation>
    </message>
    <message>
        <source>&amp;Go back a version</source>
        <translation>&amp;Revenir d&apos;une version</translation>
    </message>
    <message>
        <source>Put &amp;aside</source>
        <translation>Mettre de &amp;côté</translation>
    </message>
    <message>
        <source>Use the &amp;model as it is</source>
        <translation>Utiliser le &amp;modèle tel quel</translation>
    </message>
    <message>
        <source>The profile {name} is ready.</source>
        <translation>Le profil {name} est prêt.</translation>
    </message>
    <message>
        <source>It is not in use yet.</source>
        <translation>Il n&apos;est pas encore utilisé.</translation>
    </message>
    <message>
        <source>Compare before and after below, then choose Use.</source>
        <translation>Comparez l&apos;avant et l&apos;après ci-dessous, puis choisissez Utiliser.</translation>
    </message>
</context>
<context>
    <name>CaseCare</name>
    <message>
        <source>Recovering {name}</source>
        <translation>Récupération de {name}</translation>
    </message>
    <message>
        <source>What could be read was saved as {name}.</source>
        <translation>Ce qui était lisible a été enregistré sous {name}.</translation>
    </message>
    <message>
        <source>{cells} cells and {events} decisions came through; {lost} are known to be lost.</source>
        <translation>{cells} cellules et {events} décisions ont été récupérées ; {lost} sont perdues à notre connaissance.</translation>
    </message>
    <message>
        <source>Signatures are not carried over: check the case and sign it again.</source>
        <translation>Les signatures ne sont pas reprises : contrôlez le cas et signez-le à nouveau.</translation>
    </message>
    <message>
        <source>Open it</source>
        <translation>L&apos;ouvrir</translation>
    </message>
</context>
<context>
    <name>CaseHeader</name>
    <message>
        <source>Single cells</source>
        <translation>Cellules isolées</translation>
    </message>
    <message>
        <source>Fields</source>
        <translation>Champs</translation>
    </message>
    <message>
        <source>Slide</source>
        <translation>Lame</translation>
    </message>
    <message>
        <source>Counted by hand</source>
        <translation>Compté à la main</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message>
        <source>given by hand</source>
        <translation>saisie</translation>
    </message>
    <message>
        <source>from the file</source>
        <translation>du fichier</translation>
    </message>
    <message>
        <source>from red cells</source>
        <translation>d’après les hématies</translation>
    </message>
    <message>
        <source>estimated</source>
        <translation>estimée</translation>
    </message>
    <message>
        <source>from the cells, against the file</source>
        <translation>d’après les cellules, contre le fichier</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>inconnue</translation>
    </message>
    <message>
        <source>Synthetic</source>
        <translation>Synthétique</translation>
    </message>
    <message>
        <source>Drawn by the program; these cells belong to nobody</source>
        <translation>Dessiné par le programme ; ces cellules n’appartiennent à personne</translation>
    </message>
    <message>
        <source>Read only</source>
        <translation>Lecture seule</translation>
    </message>
    <message>
        <source>Another window writes this case, or its file is protected</source>
        <translation>Une autre fenêtre écrit ce cas, ou son fichier est protégé</translation>
    </message>
    <message>
        <source>Incomplete</source>
        <translation>Incomplet</translation>
    </message>
    <message>
        <source>The analysis did not reach its end; it can be continued</source>
        <translation>L’analyse n’est pas allée au bout ; elle peut être continuée</translation>
    </message>
    <message>
        <source>Scale contradicted</source>
        <translation>Échelle contredite</translation>
    </message>
    <message>
        <source>No scale</source>
        <translation>Sans échelle</translation>
    </message>
    <message>
        <source>Scale uncertain</source>
        <translation>Échelle incertaine</translation>
    </message>
    <message>
        <source>Unfamiliar look</source>
        <translation>Aspect inhabituel</translation>
    </message>
    <message>
        <source>The classifier was calibrated with this profile of the laboratory</source>
        <translation>Le classifieur a été calibré avec ce profil du laboratoire</translation>
    </message>
    <message>
        <source>Profile {name}</source>
        <translation>Profil {name}</translation>
    </message>
    <message>
        <source>Signed</source>
        <translation>Signé</translation>
    </message>
    <message>
        <source>Amending: version {version}</source>
        <translation>Rectification : version {version}</translation>
    </message>
    <message>
        <source>Preliminary</source>
        <translation>Provisoire</translation>
    </message>
    <message>
        <source>Cells still wait for a decision</source>
        <translation>Des cellules attendent encore une décision</translation>
    </message>
</context>
<context>
    <name>CaseNotices</name>
    <message>
        <source>Continue the analysis</source>
        <translation>Continuer l&apos;analyse</translation>
    </message>
    <message>
        <source>Every entry and signature is dated by this clock.</source>
        <translation>Chaque entrée et chaque signature est datée par cette horloge.</translation>
    </message>
    <message>
        <source>If it is wrong, close the case, set the clock, and open the case again.</source>
        <translation>Si elle est fausse, fermez le cas, réglez l&apos;horloge et rouvrez le cas.</translation>
    </message>
</context>
<context>
    <name>CasePage</name>
    <message>
        <source>Cells like cell {number}</source>
        <translation>Cellules semblables à la cellule {number}</translation>
    </message>
    <message>
        <source>No cell was chosen; nothing was decided.</source>
        <translation>Aucune cellule n&apos;était choisie ; rien n&apos;a été décidé.</translation>
    </message>
    <message>
        <source>Look at this one and press the key again.</source>
        <translation>Regardez celle-ci et appuyez de nouveau sur la touche.</translation>
    </message>
    <message>
        <source>These cells were out of sight; nothing was decided.</source>
        <translation>Ces cellules n’étaient pas visibles ; rien n’a été décidé.</translation>
    </message>
    <message>
        <source>Look at them and press the key again.</source>
        <translation>Regardez-les et appuyez de nouveau sur la touche.</translation>
    </message>
</context>
<context>
    <name>CaseViews</name>
    <message>
        <source>Gallery</source>
        <translation>Galerie</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Carte</translation>
    </message>
    <message>
        <source>Slide</source>
        <translation>Lame</translation>
    </message>
    <message>
        <source>Fields</source>
        <translation>Champs</translation>
    </message>
</context>
<context>
    <name>CellImageView</name>
    <message>
        <source>Picture of the cell</source>
        <translation>Image de la cellule</translation>
    </message>
</context>
<context>
    <name>CellMap</name>
    <message>
        <source>Colour by class</source>
        <translation>Couleur selon la classe</translation>
    </message>
    <message>
        <source>Colour by doubt</source>
        <translation>Couleur selon le doute</translation>
    </message>
    <message>
        <source>Colour of the points</source>
        <translation>Couleur des points</translation>
    </message>
    <message>
        <source>Drag a lasso to choose cells; wheel zooms, right drag moves</source>
        <translation>Entourez des cellules pour les choisir ; la molette zoome, le clic droit déplace</translation>
    </message>
    <message>
        <source>computing…</source>
        <translation>calcul…</translation>
    </message>
    <message>
        <source>No cell has an embedding.</source>
        <translation>Aucune cellule n’a de vecteur de ressemblance.</translation>
    </message>
</context>
<context>
    <name>CellStage</name>
    <message>
        <source>This picture cannot be read.</source>
        <translation>Cette image ne peut pas être lue.</translation>
    </message>
</context>
<context>
    <name>ClassFinder</name>
    <message>
        <source>Class name or code</source>
        <translation>Nom ou code de la classe</translation>
    </message>
    <message>
        <source>Classes</source>
        <translation>Classes</translation>
    </message>
    <message>
        <source>Give the chosen cells a class</source>
        <translation>Attribuer une classe aux cellules choisies</translation>
    </message>
</context>
<context>
    <name>CommentDialog</name>
    <message>
        <source>A comment is not added yet</source>
        <translation>Un commentaire n&apos;est pas encore ajouté</translation>
    </message>
    <message>
        <source>It would be missing in the signed report.</source>
        <translation>Il manquerait dans le compte rendu signé.</translation>
    </message>
    <message>
        <source>&amp;Add it to the report</source>
        <translation>L&apos;&amp;ajouter au compte rendu</translation>
    </message>
    <message>
        <source>The comment</source>
        <translation>Le commentaire</translation>
    </message>
    <message>
        <source>&amp;Discard it</source>
        <translation>L&apos;a&amp;bandonner</translation>
    </message>
    <message>
        <source>Back to the case</source>
        <translation>Retour au cas</translation>
    </message>
</context>
<context>
    <name>CommentsPanel</name>
    <message>
        <source>Comments of this case</source>
        <translation>Commentaires de ce dossier</translation>
    </message>
    <message>
        <source>Canned texts</source>
        <translation>Textes prédéfinis</translation>
    </message>
    <message>
        <source>A comment for the report</source>
        <translation>Un commentaire pour le compte rendu</translation>
    </message>
    <message>
        <source>&amp;Add</source>
        <translation>&amp;Ajouter</translation>
    </message>
    <message>
        <source>Ctrl+Enter</source>
        <translation>Ctrl+Entrée</translation>
    </message>
    <message>
        <source>No comments yet.</source>
        <translation>Pas encore de commentaire.</translation>
    </message>
    <message>
        <source>Too long to be added: {now} of {most} characters</source>
        <translation>Trop long pour être ajouté : {now} caractères sur {most}</translation>
    </message>
    <message>
        <source>Kept as a draft; not in the report until it is added</source>
        <translation>Conservé comme brouillon ; hors du compte rendu tant qu&apos;il n&apos;est pas ajouté</translation>
    </message>
</context>
<context>
    <name>CompareTile</name>
    <message>
        <source>This picture cannot be read.</source>
        <translation>Cette image ne peut pas être lue.</translation>
    </message>
    <message>
        <source>Cell {number} · {code} {probability} %</source>
        <translation>Cellule {number} · {code} {probability} %</translation>
    </message>
</context>
<context>
    <name>CompareWindow</name>
    <message>
        <source>Compare cells</source>
        <translation>Comparer des cellules</translation>
    </message>
</context>
<context>
    <name>CountDialog</name>
    <message>
        <source>Count by hand</source>
        <translation>Comptage manuel</translation>
    </message>
    <message>
        <source>A case without images: the keys of the review count the cells you see at the microscope.</source>
        <translation>Un dossier sans images : les touches de la relecture comptent les cellules que vous voyez au microscope.</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>Compter</translation>
    </message>
    <message>
        <source>&amp;Specimen</source>
        <translation>&amp;Échantillon</translation>
    </message>
</context>
<context>
    <name>CounterModel</name>
    <message>
        <source>{name}: {count} (key {key})</source>
        <translation>{name} : {count} (touche {key})</translation>
    </message>
</context>
<context>
    <name>CounterPanel</name>
    <message>
        <source>Counted of the target</source>
        <translation>Comptés sur l&apos;objectif</translation>
    </message>
    <message>
        <source>Take the last one back</source>
        <translation>Annuler la dernière</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Retour arrière</translation>
    </message>
    <message>
        <source>Sound</source>
        <translation>Son</translation>
    </message>
    <message>
        <source>One key a cell. Shift or the right button: one less. Backspace: the last one back.</source>
        <translation>Une touche par cellule. Maj ou le bouton droit : une de moins. Retour arrière : annule la dernière.</translation>
    </message>
    <message numerus="yes">
        <source>leukocytes of %n</source>
        <translation>
            <numerusform>leucocyte sur %n</numerusform>
            <numerusform>leucocytes sur %n</numerusform>
        </translation>
    </message>
    <message>
        <source>counted by hand; {all} of {target} leukocytes in all</source>
        <translation>comptés à la main ; {all} leucocytes sur {target} en tout</translation>
    </message>
    <message>
        <source>leukocytes counted by hand</source>
        <translation>leucocytes comptés à la main</translation>
    </message>
</context>
<context>
    <name>CountingPage</name>
    <message>
        <source>Counting</source>
        <translation>Comptage</translation>
    </message>
    <message>
        <source>&amp;Rows of the table</source>
        <translation>&amp;Lignes du tableau</translation>
    </message>
    <message>
        <source>Leukocytes to &amp;count</source>
        <translation>Leucocytes à &amp;compter</translation>
    </message>
    <message>
        <source>none</source>
        <translation>aucun</translation>
    </message>
    <message>
        <source>&amp;Steps offered</source>
        <translation>&amp;Paliers proposés</translation>
    </message>
    <message>
        <source>A probability of its own below which a cell waits as unidentified</source>
        <translation>Une probabilité propre sous laquelle une cellule attend, non identifiée</translation>
    </message>
    <message>
        <source>&amp;Probability</source>
        <translation>&amp;Probabilité</translation>
    </message>
    <message>
        <source>Correct the white cell count from</source>
        <translation>Corriger les leucocytes à partir de</translation>
    </message>
    <message>
        <source>NRBC per 100 WBC</source>
        <translation>érythroblastes pour 100 leucocytes</translation>
    </message>
    <message>
        <source>Left shift from bands of</source>
        <translation>Déviation à gauche dès (non segmentés)</translation>
    </message>
    <message>
        <source>Count cells that only the left or top edge of a field cuts (for analyses to come)</source>
        <translation>Compter les cellules coupées seulement par le bord gauche ou supérieur d’un champ (analyses à venir)</translation>
    </message>
    <message>
        <source>Platelets per field times</source>
        <translation>Plaquettes par champ, facteur</translation>
    </message>
</context>
<context>
    <name>CsvChoices</name>
    <message>
        <source>CSV with comma and point (RFC 4180)</source>
        <translation>CSV avec virgule et point (RFC 4180)</translation>
    </message>
    <message>
        <source>CSV for Excel, signs of the report&apos;s language</source>
        <translation>CSV pour Excel, signes de la langue du compte rendu</translation>
    </message>
</context>
<context>
    <name>DifferentialModel</name>
    <message>
        <source>Leukocytes counted</source>
        <translation>Leucocytes comptés</translation>
    </message>
    <message>
        <source>Outside the 100 %, per 100 leukocytes</source>
        <translation>Hors des 100 %, pour 100 leucocytes</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Touche</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>Nombre</translation>
    </message>
    <message>
        <source>95 % limits</source>
        <translation>Limites à 95 %</translation>
    </message>
    <message>
        <source>Exact 95 % limits: how far chance alone may have moved the figure</source>
        <translation>Limites exactes à 95 % : de combien le seul hasard peut avoir déplacé le chiffre</translation>
    </message>
    <message>
        <source>per 100 leukocytes</source>
        <translation>pour 100 leucocytes</translation>
    </message>
    <message>
        <source>{value} {unit} (95 % limits {limits})</source>
        <translation>{value} {unit} (limites à 95 % {limits})</translation>
    </message>
    <message>
        <source>reference {low} to {high}</source>
        <translation>référence {low} à {high}</translation>
    </message>
    <message>
        <source>low</source>
        <translation>bas</translation>
    </message>
    <message>
        <source>high</source>
        <translation>élevé</translation>
    </message>
    <message>
        <source>a review rule was raised</source>
        <translation>une règle de relecture est déclenchée</translation>
    </message>
</context>
<context>
    <name>DifferentialPanel</name>
    <message>
        <source>counted</source>
        <translation>comptés</translation>
    </message>
    <message>
        <source>unidentified</source>
        <translation>non identifiées</translation>
    </message>
    <message>
        <source>reviewed</source>
        <translation>revues</translation>
    </message>
    <message>
        <source>counted, target {number}</source>
        <translation>comptés, objectif {number}</translation>
    </message>
    <message>
        <source>{reviewed} of {cells} cells decided by a person</source>
        <translation>{reviewed} cellules sur {cells} décidées par une personne</translation>
    </message>
</context>
<context>
    <name>DifferentialTable</name>
    <message>
        <source>Differential count</source>
        <translation>Formule leucocytaire</translation>
    </message>
</context>
<context>
    <name>DisplayPanel</name>
    <message>
        <source>Brightness</source>
        <translation>Luminosité</translation>
    </message>
    <message>
        <source>Contrast</source>
        <translation>Contraste</translation>
    </message>
    <message>
        <source>Gamma</source>
        <translation>Gamma</translation>
    </message>
    <message>
        <source>Normalise the stain</source>
        <translation>Normaliser la coloration</translation>
    </message>
    <message>
        <source>Shows every image with the same blank field and stain density. Only the view changes.</source>
        <translation>Montre chaque image avec le même fond et la même densité de coloration. Seul l’affichage change.</translation>
    </message>
    <message>
        <source>As photographed</source>
        <translation>Comme photographié</translation>
    </message>
</context>
<context>
    <name>DueModel</name>
    <message>
        <source>Case</source>
        <translation>Dossier</translation>
    </message>
    <message>
        <source>State</source>
        <translation>État</translation>
    </message>
    <message>
        <source>Last act</source>
        <translation>Dernier acte</translation>
    </message>
    <message>
        <source>Kept until</source>
        <translation>Conservé jusqu&apos;au</translation>
    </message>
    <message>
        <source>Signatures</source>
        <translation>Signatures</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Taille</translation>
    </message>
    <message>
        <source>new</source>
        <translation>nouveau</translation>
    </message>
    <message>
        <source>to review</source>
        <translation>à relire</translation>
    </message>
    <message>
        <source>reviewed</source>
        <translation>relu</translation>
    </message>
    <message>
        <source>signed</source>
        <translation>signé</translation>
    </message>
    <message>
        <source>{size} MB</source>
        <translation>{size} Mo</translation>
    </message>
</context>
<context>
    <name>EmptyState</name>
    <message>
        <source>Read a blood smear</source>
        <translation>Lire un frottis sanguin</translation>
    </message>
    <message>
        <source>Open images of a smear. The cells are found, outlined and classified on this computer; you review the proposals by keyboard and hand over the report.</source>
        <translation>Ouvrez les images d’un frottis. Les cellules sont trouvées, détourées et classées sur cet ordinateur ; vous relisez les propositions au clavier et remettez le compte rendu.</translation>
    </message>
    <message>
        <source>Open a folder</source>
        <translation>Ouvrir un dossier</translation>
    </message>
    <message>
        <source>Cell crops or smear fields: JPEG, PNG, TIFF, BMP, WebP</source>
        <translation>Cellules isolées ou champs de frottis : JPEG, PNG, TIFF, BMP, WebP</translation>
    </message>
    <message>
        <source>Open a slide</source>
        <translation>Ouvrir une lame</translation>
    </message>
    <message>
        <source>A scanner&apos;s file (SVS, NDPI, MRXS, TIFF …) or one large image</source>
        <translation>Fichier de scanner (SVS, NDPI, MRXS, TIFF…) ou une grande image</translation>
    </message>
    <message>
        <source>Try a synthetic specimen</source>
        <translation>Essayer un échantillon synthétique</translation>
    </message>
    <message>
        <source>Drawn by the program: safe to practise on, never a real sample</source>
        <translation>Dessiné par le programme : pour s’exercer, jamais un vrai prélèvement</translation>
    </message>
    <message>
        <source>Go on with</source>
        <translation>Reprendre</translation>
    </message>
    <message>
        <source>or drop a folder, a slide or a case file anywhere in this window</source>
        <translation>ou déposez un dossier, une lame ou un fichier de cas dans cette fenêtre</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Writes the report as PDF and the tables as CSV. Files of the same name are replaced.</source>
        <translation>Écrit le compte rendu en PDF et les tableaux en CSV. Les fichiers de même nom sont remplacés.</translation>
    </message>
    <message numerus="yes">
        <source>%n cell(s) are still unidentified: the report will be stamped preliminary.</source>
        <translation>
            <numerusform>%n cellule n’est pas encore identifiée : le compte rendu sera marqué provisoire.</numerusform>
            <numerusform>%n cellules ne sont pas encore identifiées : le compte rendu sera marqué provisoire.</numerusform>
        </translation>
    </message>
    <message>
        <source>Export the report</source>
        <translation>Exporter le compte rendu</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exporter</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Choisir…</translation>
    </message>
    <message>
        <source>&amp;Folder</source>
        <translation>&amp;Dossier</translation>
    </message>
    <message>
        <source>&amp;Paper</source>
        <translation>&amp;Papier</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Langue</translation>
    </message>
    <message>
        <source>&amp;Tables</source>
        <translation>&amp;Tableaux</translation>
    </message>
    <message>
        <source>Outlines of the cells as mask images</source>
        <translation>Contours des cellules en images de masque</translation>
    </message>
    <message>
        <source>Leave out whatever identifies the patient</source>
        <translation>Omettre tout ce qui identifie le patient</translation>
    </message>
    <message>
        <source>Folder for the report</source>
        <translation>Dossier du compte rendu</translation>
    </message>
</context>
<context>
    <name>FieldRow</name>
    <message>
        <source>YYYY-MM-DD</source>
        <translation>AAAA-MM-JJ</translation>
    </message>
</context>
<context>
    <name>FieldsForm</name>
    <message>
        <source>Specimen</source>
        <translation>Échantillon</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>Patient</translation>
    </message>
</context>
<context>
    <name>FieldsModel</name>
    <message>
        <source>Shown</source>
        <translation>Affiché</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Champ</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>Partie</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Type</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>Unité</translation>
    </message>
    <message>
        <source>In report</source>
        <translation>Au rapport</translation>
    </message>
    <message>
        <source>Identifies</source>
        <translation>Identifie</translation>
    </message>
    <message>
        <source>specimen</source>
        <translation>échantillon</translation>
    </message>
    <message>
        <source>patient</source>
        <translation>patient</translation>
    </message>
    <message>
        <source>text</source>
        <translation>texte</translation>
    </message>
    <message>
        <source>several lines</source>
        <translation>plusieurs lignes</translation>
    </message>
    <message>
        <source>number</source>
        <translation>nombre</translation>
    </message>
    <message>
        <source>date</source>
        <translation>date</translation>
    </message>
    <message>
        <source>choice</source>
        <translation>choix</translation>
    </message>
</context>
<context>
    <name>FieldsPage</name>
    <message>
        <source>Fields</source>
        <translation>Champs</translation>
    </message>
    <message>
        <source>Name of a further field</source>
        <translation>Nom d&apos;un champ supplémentaire</translation>
    </message>
    <message>
        <source>Choices of the field, a semicolon between them</source>
        <translation>Choix du champ, séparés par un point-virgule</translation>
    </message>
    <message>
        <source>Fields that the program understands can be hidden and renamed, not taken out. What identifies the patient stays out of anonymised exports.</source>
        <translation>Les champs que le programme comprend peuvent être masqués et renommés, pas retirés. Ce qui identifie le patient n&apos;entre pas dans les exports anonymisés.</translation>
    </message>
</context>
<context>
    <name>FindingDialog</name>
    <message>
        <source>Critical finding</source>
        <translation>Résultat critique</translation>
    </message>
    <message>
        <source>{name}: {n} cells</source>
        <translation>{name} : {n} cellules</translation>
    </message>
    <message>
        <source>{name}: {value} {unit}</source>
        <translation>{name} : {value} {unit}</translation>
    </message>
    <message>
        <source>Keep the answer</source>
        <translation>Garder la réponse</translation>
    </message>
    <message>
        <source>Seen and confirmed</source>
        <translation>Vu et confirmé</translation>
    </message>
    <message>
        <source>Seen and refuted</source>
        <translation>Vu et réfuté</translation>
    </message>
    <message>
        <source>&amp;Result</source>
        <translation>&amp;Résultat</translation>
    </message>
    <message>
        <source>Name, or why nobody was told</source>
        <translation>Nom, ou pourquoi personne n&apos;a été informé</translation>
    </message>
    <message>
        <source>&amp;Who was told</source>
        <translation>&amp;Qui a été informé</translation>
    </message>
    <message>
        <source>YYYY-MM-DD HH:MM, or nothing</source>
        <translation>AAAA-MM-JJ HH:MM, ou rien</translation>
    </message>
    <message>
        <source>&amp;When (local time)</source>
        <translation>Q&amp;uand (heure locale)</translation>
    </message>
    <message>
        <source>&amp;Remark</source>
        <translation>Re&amp;marque</translation>
    </message>
    <message>
        <source>Give the cells their right class, or take them out: the finding is gone then, and the report says that it was refuted.</source>
        <translation>Donnez aux cellules leur vraie classe, ou écartez-les : le résultat disparaît alors, et le compte rendu dit qu&apos;il a été réfuté.</translation>
    </message>
    <message>
        <source>The time is not one: YYYY-MM-DD HH:MM</source>
        <translation>Ce n&apos;est pas une heure : AAAA-MM-JJ HH:MM</translation>
    </message>
</context>
<context>
    <name>Form</name>
    <message>
        <source>OK</source>
        <translation>OK</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
</context>
<context>
    <name>FoundImages</name>
    <message>
        <source>Images found</source>
        <translation>Images trouvées</translation>
    </message>
    <message>
        <source>All of them are &amp;one specimen</source>
        <translation>Toutes forment &amp;un seul échantillon</translation>
    </message>
    <message>
        <source>Each folder or slide is a specimen of its own (&amp;queue them)</source>
        <translation>Chaque dossier ou lame est un échantillon à part (&amp;mettre en file)</translation>
    </message>
    <message numerus="yes">
        <source>The images lie in %n places. Are they of one patient?</source>
        <translation>
            <numerusform>Les images se trouvent à %n endroit. Sont-elles d&apos;un seul patient ?</numerusform>
            <numerusform>Les images se trouvent à %n endroits. Sont-elles d&apos;un seul patient ?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryCanvas</name>
    <message>
        <source>Gallery of cells</source>
        <translation>Galerie des cellules</translation>
    </message>
</context>
<context>
    <name>GalleryModel</name>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cellule</numerusform>
            <numerusform>%n cellules</numerusform>
        </translation>
    </message>
    <message>
        <source>{name}, probability {percent} %</source>
        <translation>{name}, probabilité {percent} %</translation>
    </message>
    <message>
        <source>Cell {number}</source>
        <translation>Cellule {number}</translation>
    </message>
    <message>
        <source>unidentified; best guess: {proposal}</source>
        <translation>non identifiée ; meilleure hypothèse : {proposal}</translation>
    </message>
    <message>
        <source>proposed: {proposal}</source>
        <translation>proposition : {proposal}</translation>
    </message>
    <message>
        <source>confirmed as {name} by {person}</source>
        <translation>confirmée comme {name} par {person}</translation>
    </message>
    <message>
        <source>changed from {old} to {new} by {person}</source>
        <translation>changée de {old} en {new} par {person}</translation>
    </message>
    <message>
        <source>excluded by {person}</source>
        <translation>exclue par {person}</translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message>
        <source>Size of the pictures</source>
        <translation>Taille des images</translation>
    </message>
    <message>
        <source>Size of the pictures (Ctrl and mouse wheel)</source>
        <translation>Taille des images (Ctrl et molette)</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Taille</translation>
    </message>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cellule</numerusform>
            <numerusform>%n cellules</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n selected</source>
        <translation>
            <numerusform>%n choisie</numerusform>
            <numerusform>%n choisies</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GeneralPage</name>
    <message>
        <source>General</source>
        <translation>Général</translation>
    </message>
    <message>
        <source>As the desktop</source>
        <translation>Comme le bureau</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Langue</translation>
    </message>
    <message>
        <source>&amp;Appearance</source>
        <translation>&amp;Apparence</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Clair</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Sombre</translation>
    </message>
    <message>
        <source>A sound with every counted cell</source>
        <translation>Un son à chaque cellule comptée</translation>
    </message>
    <message>
        <source>Usual &amp;reviewer</source>
        <translation>&amp;Relecteur habituel</translation>
    </message>
</context>
<context>
    <name>GradesModel</name>
    <message>
        <source>Feature</source>
        <translation>Caractère</translation>
    </message>
    <message>
        <source>Grade</source>
        <translation>Grade</translation>
    </message>
    <message>
        <source>Criterion</source>
        <translation>Critère</translation>
    </message>
    <message>
        <source>2+ ≥ {low} %, 3+ &gt; {high} %</source>
        <translation>2+ ≥ {low} %, 3+ &gt; {high} %</translation>
    </message>
</context>
<context>
    <name>GradesTable</name>
    <message>
        <source>Morphology</source>
        <translation>Morphologie</translation>
    </message>
</context>
<context>
    <name>GradingModel</name>
    <message>
        <source>On</source>
        <translation>Actif</translation>
    </message>
    <message>
        <source>Feature</source>
        <translation>Anomalie</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Cellules</translation>
    </message>
    <message>
        <source>2+ from %</source>
        <translation>2+ dès %</translation>
    </message>
    <message>
        <source>3+ above %</source>
        <translation>3+ au-delà de %</translation>
    </message>
</context>
<context>
    <name>GradingPage</name>
    <message>
        <source>Morphology</source>
        <translation>Morphologie</translation>
    </message>
    <message>
        <source>Name of a further feature</source>
        <translation>Nom d&apos;une anomalie supplémentaire</translation>
    </message>
    <message>
        <source>Shares of the cells of its kind; without them a feature is only present or absent. After the ICSH list of 2015, recalled: check the thresholds for your laboratory.</source>
        <translation>Parts des cellules de la même lignée ; sans elles, une anomalie est seulement présente ou absente. D&apos;après la liste ICSH de 2015, citée de mémoire : vérifiez les seuils pour votre laboratoire.</translation>
    </message>
</context>
<context>
    <name>History</name>
    <message>
        <source>confirmed</source>
        <translation>confirmée</translation>
    </message>
    <message>
        <source>{old} → {new}</source>
        <translation>{old} → {new}</translation>
    </message>
    <message>
        <source>excluded</source>
        <translation>exclue</translation>
    </message>
    <message>
        <source>restored</source>
        <translation>rétablie</translation>
    </message>
    <message>
        <source>taken back</source>
        <translation>annulé</translation>
    </message>
    <message>
        <source>done again</source>
        <translation>rétabli</translation>
    </message>
    <message>
        <source>added by hand</source>
        <translation>ajoutée à la main</translation>
    </message>
    <message>
        <source>removed</source>
        <translation>retirée</translation>
    </message>
    <message>
        <source>second reader: {new}</source>
        <translation>second lecteur : {new}</translation>
    </message>
    <message>
        <source>adjudicated: {new}</source>
        <translation>arbitrée : {new}</translation>
    </message>
</context>
<context>
    <name>Incoming</name>
    <message>
        <source>Each taken as one specimen, although its images lie in several folders or slides (with their number): {places}.</source>
        <translation>Pris chacun pour un seul échantillon, bien que ses images se trouvent dans plusieurs dossiers ou lames (avec leur nombre) : {places}.</translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) beside the folders belong to no specimen and are not analysed.</source>
        <translation>
            <numerusform>%n fichier à côté des dossiers n&apos;appartient à aucun échantillon et n&apos;est pas analysé.</numerusform>
            <numerusform>%n fichiers à côté des dossiers n&apos;appartiennent à aucun échantillon et ne sont pas analysés.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>InspectorPanel</name>
    <message>
        <source>Its image file was replaced: this is the picture that the case keeps.</source>
        <translation>Son fichier image a été remplacé : voici l&apos;image que le cas conserve.</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Pourquoi</translation>
    </message>
    <message>
        <source>Outline of the cell</source>
        <translation>Contour de la cellule</translation>
    </message>
    <message>
        <source>Outline of the nucleus</source>
        <translation>Contour du noyau</translation>
    </message>
    <message>
        <source>Explanation (Grad-CAM)</source>
        <translation>Explication (Grad-CAM)</translation>
    </message>
    <message>
        <source>Explanation (Grad-CAM): where the classifier looked for this class</source>
        <translation>Explication (Grad-CAM) : où le classificateur a regardé pour cette classe</translation>
    </message>
    <message>
        <source>Opacity of the explanation</source>
        <translation>Opacité de l’explication</translation>
    </message>
    <message>
        <source>Class to explain</source>
        <translation>Classe à expliquer</translation>
    </message>
    <message>
        <source>Fit the picture</source>
        <translation>Ajuster l’image</translation>
    </message>
    <message>
        <source>Fit the picture (double click)</source>
        <translation>Ajuster l’image (double clic)</translation>
    </message>
    <message>
        <source>Ruler</source>
        <translation>Règle</translation>
    </message>
    <message>
        <source>Ruler: drag over the picture</source>
        <translation>Règle : glissez sur l’image</translation>
    </message>
    <message>
        <source>Brightness</source>
        <translation>Luminosité</translation>
    </message>
    <message>
        <source>Brightness of the picture; only the view changes</source>
        <translation>Luminosité de l’image ; seul l’affichage change</translation>
    </message>
    <message>
        <source>Probabilities</source>
        <translation>Probabilités</translation>
    </message>
    <message>
        <source>Measurements</source>
        <translation>Mesures</translation>
    </message>
    <message>
        <source>History</source>
        <translation>Historique</translation>
    </message>
    <message>
        <source>Choose a cell in the gallery.</source>
        <translation>Choisissez une cellule dans la galerie.</translation>
    </message>
    <message>
        <source>No cell chosen</source>
        <translation>Aucune cellule choisie</translation>
    </message>
    <message>
        <source>proposed</source>
        <translation>proposée</translation>
    </message>
    <message>
        <source>unidentified</source>
        <translation>non identifiée</translation>
    </message>
    <message>
        <source>confirmed</source>
        <translation>confirmée</translation>
    </message>
    <message>
        <source>changed</source>
        <translation>changée</translation>
    </message>
    <message>
        <source>excluded</source>
        <translation>exclue</translation>
    </message>
    <message>
        <source>Cell {number}</source>
        <translation>Cellule {number}</translation>
    </message>
    <message>
        <source>The picture of this cell cannot be read.</source>
        <translation>L’image de cette cellule ne peut pas être lue.</translation>
    </message>
    <message>
        <source>No explanation: the model does not know this class, or is not at hand.</source>
        <translation>Pas d’explication : le modèle ne connaît pas cette classe, ou n’est pas disponible.</translation>
    </message>
</context>
<context>
    <name>KeyMapDialog</name>
    <message>
        <source>Keys</source>
        <translation>Touches</translation>
    </message>
    <message>
        <source>Double click a key to change it; the two classes exchange theirs.</source>
        <translation>Double-cliquez sur une touche pour la changer ; les deux classes échangent les leurs.</translation>
    </message>
    <message>
        <source>&amp;Keyboard</source>
        <translation>&amp;Clavier</translation>
    </message>
    <message>
        <source>Print…</source>
        <translation>Imprimer…</translation>
    </message>
    <message>
        <source>Confirm the proposal, go on</source>
        <translation>Confirmer la proposition, continuer</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Espace</translation>
    </message>
    <message>
        <source>Move the cursor</source>
        <translation>Déplacer le curseur</translation>
    </message>
    <message>
        <source>arrows, Page Up/Down, Home, End</source>
        <translation>flèches, page précédente/suivante, début, fin</translation>
    </message>
    <message>
        <source>Select several</source>
        <translation>En choisir plusieurs</translation>
    </message>
    <message>
        <source>Shift or Ctrl with arrows or mouse, Ctrl+A</source>
        <translation>Maj ou Ctrl avec les flèches ou la souris, Ctrl+A</translation>
    </message>
    <message>
        <source>Next doubtful cell</source>
        <translation>Cellule douteuse suivante</translation>
    </message>
    <message>
        <source>Next cell nobody has looked at</source>
        <translation>Cellule suivante non revue</translation>
    </message>
    <message>
        <source>Exclude, restore</source>
        <translation>Exclure, remettre</translation>
    </message>
    <message>
        <source>Delete, Shift+Delete</source>
        <translation>Suppr, Maj+Suppr</translation>
    </message>
    <message>
        <source>Undo, redo</source>
        <translation>Annuler, rétablir</translation>
    </message>
    <message>
        <source>Ctrl+Z, Ctrl+Y</source>
        <translation>Ctrl+Z, Ctrl+Y</translation>
    </message>
    <message>
        <source>Size of the pictures</source>
        <translation>Taille des images</translation>
    </message>
    <message>
        <source>Ctrl+plus, Ctrl+minus</source>
        <translation>Ctrl+plus, Ctrl+moins</translation>
    </message>
    <message>
        <source>Explanation on and off</source>
        <translation>Explication affichée ou non</translation>
    </message>
    <message>
        <source>Compare the chosen cells</source>
        <translation>Comparer les cellules choisies</translation>
    </message>
    <message>
        <source>Cells like this one</source>
        <translation>Cellules semblables</translation>
    </message>
    <message>
        <source>Loupe on and off</source>
        <translation>Loupe affichée ou non</translation>
    </message>
    <message>
        <source>Class by name</source>
        <translation>Classe par son nom</translation>
    </message>
    <message>
        <source>Between the panels</source>
        <translation>D’un panneau à l’autre</translation>
    </message>
    <message>
        <source>Keys of the review</source>
        <translation>Touches de la relecture</translation>
    </message>
</context>
<context>
    <name>KeyMapModel</name>
    <message>
        <source>Class</source>
        <translation>Classe</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Touche</translation>
    </message>
</context>
<context>
    <name>KeysPage</name>
    <message>
        <source>Keys</source>
        <translation>Touches</translation>
    </message>
    <message>
        <source>Double click a key to change it; the two classes exchange theirs.</source>
        <translation>Double-cliquez sur une touche pour la changer ; les deux classes échangent les leurs.</translation>
    </message>
</context>
<context>
    <name>Language</name>
    <message>
        <source>Unidentified</source>
        <translation>Non identifiées</translation>
    </message>
    <message>
        <source>Excluded</source>
        <translation>Exclues</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>Quality of the monolayer</source>
        <translation>Qualité de la monocouche</translation>
    </message>
    <message>
        <source>densest</source>
        <translation>maximum</translation>
    </message>
    <message>
        <source>Leukocytes per area</source>
        <translation>Leucocytes par surface</translation>
    </message>
    <message>
        <source>Leukocytes per mm²</source>
        <translation>Leucocytes par mm²</translation>
    </message>
</context>
<context>
    <name>LibraryWindow</name>
    <message>
        <source>Reference library</source>
        <translation>Bibliothèque de référence</translation>
    </message>
    <message>
        <source>Class, note or person</source>
        <translation>Classe, note ou personne</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Recherche</translation>
    </message>
    <message>
        <source>&amp;Show everything</source>
        <translation>&amp;Tout afficher</translation>
    </message>
    <message>
        <source>Change the &amp;note…</source>
        <translation>Modifier la &amp;note…</translation>
    </message>
    <message>
        <source>&amp;Take out</source>
        <translation>&amp;Retirer</translation>
    </message>
    <message numerus="yes">
        <source>%n cell(s)</source>
        <translation>
            <numerusform>%n cellule</numerusform>
            <numerusform>%n cellules</numerusform>
        </translation>
    </message>
    <message>
        <source>No cell here yet: add one from the menu Case.</source>
        <translation>Pas encore de cellule : ajoutez-en une par le menu Dossier.</translation>
    </message>
    <message>
        <source>The library holds no cell of the same model.</source>
        <translation>La bibliothèque ne contient pas de cellule du même modèle.</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Open &amp;recent</source>
        <translation>Cas &amp;récents</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Commandes</translation>
    </message>
    <message>
        <source>For Research Use Only. Not for use in diagnostic procedures.</source>
        <translation>Réservé à la recherche. Ne pas utiliser à des fins diagnostiques.</translation>
    </message>
    <message>
        <source>This case is open for reading only.</source>
        <translation>Ce cas est ouvert en lecture seule.</translation>
    </message>
    <message>
        <source>Another window writes it, or its file is protected.</source>
        <translation>Une autre fenêtre l’écrit, ou son fichier est protégé.</translation>
    </message>
    <message>
        <source>Close the other window and open the case again to review it.</source>
        <translation>Fermez l’autre fenêtre et rouvrez le cas pour le relire.</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>et %n autre</numerusform>
            <numerusform>et %n autres</numerusform>
        </translation>
    </message>
    <message>
        <source>Some settings could not be used.</source>
        <translation>Certains réglages sont inutilisables.</translation>
    </message>
    <message>
        <source>Set them anew in the preferences or correct the settings file.</source>
        <translation>Réglez-les à nouveau dans les préférences ou corrigez le fichier des réglages.</translation>
    </message>
    <message>
        <source>A&amp;mend the signed report…</source>
        <translation>Rectifier le co&amp;mpte rendu signé…</translation>
    </message>
    <message>
        <source>Si&amp;gn…</source>
        <translation>Si&amp;gner…</translation>
    </message>
    <message>
        <source>Amend</source>
        <translation>Rectifier</translation>
    </message>
    <message>
        <source>Sign</source>
        <translation>Signer</translation>
    </message>
    <message>
        <source>Reviewer: {name}</source>
        <translation>Relecteur : {name}</translation>
    </message>
    <message>
        <source>Every decision is saved</source>
        <translation>Chaque décision est enregistrée</translation>
    </message>
</context>
<context>
    <name>MapCanvas</name>
    <message>
        <source>Map of the cells</source>
        <translation>Carte des cellules</translation>
    </message>
</context>
<context>
    <name>NoteDialog</name>
    <message>
        <source>Reference library</source>
        <translation>Bibliothèque de référence</translation>
    </message>
    <message numerus="yes">
        <source>What is worth knowing about %n cell(s)</source>
        <translation>
            <numerusform>Ce qu&apos;il faut savoir de cette cellule (%n)</numerusform>
            <numerusform>Ce qu&apos;il faut savoir de ces %n cellules</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Note</source>
        <translation>&amp;Note</translation>
    </message>
</context>
<context>
    <name>NotesModel</name>
    <message numerus="yes">
        <source> · %n cell(s)</source>
        <translation>
            <numerusform> · %n cellule</numerusform>
            <numerusform> · %n cellules</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>OpenOptionsDialog</name>
    <message>
        <source>New analysis</source>
        <translation>Nouvelle analyse</translation>
    </message>
    <message>
        <source>Everything here may stay as it is. Images are only read, never changed.</source>
        <translation>Tout peut rester tel quel. Les images sont seulement lues, jamais modifiées.</translation>
    </message>
    <message>
        <source>Analyse</source>
        <translation>Analyser</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>&amp;Specimen number</source>
        <translation>&amp;Numéro de l’échantillon</translation>
    </message>
    <message>
        <source>single cells</source>
        <translation>cellules isolées</translation>
    </message>
    <message>
        <source>fields</source>
        <translation>champs</translation>
    </message>
    <message>
        <source>a slide</source>
        <translation>une lame</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatique</translation>
    </message>
    <message>
        <source>Single cells: one cell in the middle of each image</source>
        <translation>Cellules isolées : une cellule au milieu de chaque image</translation>
    </message>
    <message>
        <source>Fields: many cells in each image</source>
        <translation>Champs : de nombreuses cellules par image</translation>
    </message>
    <message>
        <source>Slide: a whole smear in one file</source>
        <translation>Lame : un frottis entier dans un fichier</translation>
    </message>
    <message>
        <source>&amp;Kind of images</source>
        <translation>&amp;Type d’images</translation>
    </message>
    <message>
        <source>from the files, else estimated from the red cells</source>
        <translation>d’après les fichiers, sinon les hématies</translation>
    </message>
    <message>
        <source>S&amp;cale, µm per pixel</source>
        <translation>É&amp;chelle, µm par pixel</translation>
    </message>
    <message>
        <source>from the analyser, for absolute counts</source>
        <translation>de l’automate, pour les valeurs absolues</translation>
    </message>
    <message>
        <source>&amp;White cell count, 10⁹/L</source>
        <translation>&amp;Leucocytes, 10⁹/L</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>inconnu</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>oui</translation>
    </message>
    <message>
        <source>no</source>
        <translation>non</translation>
    </message>
    <message>
        <source>Already corrected for &amp;NRBC</source>
        <translation>Déjà corrigés des &amp;érythroblastes</translation>
    </message>
    <message>
        <source>as usual for this kind</source>
        <translation>selon le type d’images</translation>
    </message>
    <message>
        <source>all cells</source>
        <translation>toutes les cellules</translation>
    </message>
    <message>
        <source>&amp;Leukocytes to find</source>
        <translation>Leucocytes à &amp;trouver</translation>
    </message>
</context>
<context>
    <name>Opener</name>
    <message>
        <source>Folder of cell crops or fields</source>
        <translation>Dossier de cellules ou de champs</translation>
    </message>
    <message>
        <source>Slides and images</source>
        <translation>Lames et images</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>Tous les fichiers</translation>
    </message>
    <message>
        <source>Slide or image</source>
        <translation>Lame ou image</translation>
    </message>
    <message>
        <source>Cases</source>
        <translation>Cas</translation>
    </message>
    <message>
        <source>Case</source>
        <translation>Cas</translation>
    </message>
    <message>
        <source>Drawing the synthetic specimen</source>
        <translation>Dessin de l’échantillon synthétique</translation>
    </message>
    <message>
        <source>Looking at {name}</source>
        <translation>Examen de {name}</translation>
    </message>
    <message numerus="yes">
        <source>One folder or file is opened at a time: %n other(s) were not.</source>
        <translation>
            <numerusform>Un seul dossier ou fichier s&apos;ouvre à la fois : %n autre n&apos;a pas été ouvert.</numerusform>
            <numerusform>Un seul dossier ou fichier s&apos;ouvre à la fois : %n autres n&apos;ont pas été ouverts.</numerusform>
        </translation>
    </message>
    <message>
        <source>Images of one specimen belong into one folder: drop that folder.</source>
        <translation>Les images d&apos;un échantillon vont dans un même dossier : déposez ce dossier.</translation>
    </message>
    <message>
        <source>The images of this case lie on the network and were not opened.</source>
        <translation>Les images de ce cas se trouvent sur le réseau et n&apos;ont pas été ouvertes.</translation>
    </message>
    <message>
        <source>Opening them tells that computer who is logged in here: do so if you know it.</source>
        <translation>Les ouvrir indique à cet ordinateur qui est connecté ici : faites-le si vous le connaissez.</translation>
    </message>
    <message>
        <source>Open the images</source>
        <translation>Ouvrir les images</translation>
    </message>
    <message>
        <source>Recover into a new case</source>
        <translation>Récupérer dans un nouveau cas</translation>
    </message>
    <message>
        <source>Open for reading</source>
        <translation>Ouvrir en lecture</translation>
    </message>
    <message>
        <source>Take the case over</source>
        <translation>Reprendre le dossier</translation>
    </message>
</context>
<context>
    <name>PlacesModel</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message>
        <source>directly in the folder</source>
        <translation>directement dans le dossier</translation>
    </message>
</context>
<context>
    <name>PresetBox</name>
    <message>
        <source>Numeric keypad</source>
        <translation>Pavé numérique</translation>
    </message>
    <message>
        <source>The laboratory&apos;s own</source>
        <translation>Propre au laboratoire</translation>
    </message>
    <message>
        <source>Keyboard</source>
        <translation>Clavier</translation>
    </message>
</context>
<context>
    <name>PreviewWindow</name>
    <message>
        <source>Preview of the report</source>
        <translation>Aperçu du compte rendu</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Langue</translation>
    </message>
    <message>
        <source>Paper</source>
        <translation>Papier</translation>
    </message>
    <message>
        <source>Open the &amp;PDF</source>
        <translation>Ouvrir le &amp;PDF</translation>
    </message>
    <message>
        <source>In this computer&apos;s PDF viewer, from a folder that is removed afterwards</source>
        <translation>Dans le lecteur PDF de cet ordinateur, depuis un dossier supprimé ensuite</translation>
    </message>
    <message>
        <source>Smaller (−)</source>
        <translation>Plus petit (−)</translation>
    </message>
    <message>
        <source>Fit the width (0)</source>
        <translation>Ajuster à la largeur (0)</translation>
    </message>
    <message>
        <source>Larger (+)</source>
        <translation>Plus grand (+)</translation>
    </message>
    <message>
        <source>Laying out the pages…</source>
        <translation>Mise en page…</translation>
    </message>
    <message>
        <source>Page {page} of {pages}, {percent} %</source>
        <translation>Page {page} sur {pages}, {percent} %</translation>
    </message>
</context>
<context>
    <name>PrivacyPage</name>
    <message>
        <source>Privacy</source>
        <translation>Confidentialité</translation>
    </message>
    <message>
        <source>&amp;Keep cases for days</source>
        <translation>&amp;Conserver les dossiers (jours)</translation>
    </message>
    <message>
        <source>for ever</source>
        <translation>toujours</translation>
    </message>
    <message>
        <source>Leave out whatever identifies the patient when exporting</source>
        <translation>Omettre à l&apos;exportation tout ce qui identifie le patient</translation>
    </message>
    <message>
        <source>Counted from the last act of a person. Nothing is removed by itself: cases past their time are shown first, signed ones need a word of their own, and a record stays (menu Laboratory).</source>
        <translation>Comptés depuis le dernier acte d&apos;une personne. Rien n&apos;est supprimé tout seul : les dossiers échus sont d&apos;abord montrés, les signés exigent une confirmation à part, et un registre reste (menu Laboratoire).</translation>
    </message>
    <message>
        <source>An anonymised export leaves out fields marked as identifying, the specimen number, names of files and comments in free text. Names and numbers of patients stand in case files and reports alone, never in logs.</source>
        <translation>Un export anonymisé omet les champs marqués comme identifiants, le numéro d&apos;échantillon, les noms de fichiers et les commentaires en texte libre. Noms et numéros de patients ne figurent que dans les dossiers et les comptes rendus, jamais dans les journaux.</translation>
    </message>
</context>
<context>
    <name>ProbabilityBars</name>
    <message>
        <source>Probabilities</source>
        <translation>Probabilités</translation>
    </message>
</context>
<context>
    <name>ProfilesModel</name>
    <message>
        <source>Profile</source>
        <translation>Profil</translation>
    </message>
    <message>
        <source>Calibrated</source>
        <translation>Calibré</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Cellules</translation>
    </message>
    <message>
        <source>Agreement</source>
        <translation>Concordance</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Équilibrée</translation>
    </message>
    <message>
        <source>State</source>
        <translation>État</translation>
    </message>
    <message>
        <source>damaged</source>
        <translation>endommagé</translation>
    </message>
    <message>
        <source>of another model</source>
        <translation>d&apos;un autre modèle</translation>
    </message>
    <message>
        <source>in use</source>
        <translation>utilisé</translation>
    </message>
</context>
<context>
    <name>RangesModel</name>
    <message>
        <source>Item</source>
        <translation>Élément</translation>
    </message>
    <message>
        <source>Low</source>
        <translation>Bas</translation>
    </message>
    <message>
        <source>High</source>
        <translation>Haut</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>Unité</translation>
    </message>
    <message>
        <source>Sex</source>
        <translation>Sexe</translation>
    </message>
    <message>
        <source>From age</source>
        <translation>Dès l&apos;âge de</translation>
    </message>
    <message>
        <source>Below age</source>
        <translation>Avant l&apos;âge de</translation>
    </message>
</context>
<context>
    <name>RangesPage</name>
    <message>
        <source>Reference ranges</source>
        <translation>Valeurs de référence</translation>
    </message>
    <message>
        <source>&amp;Set</source>
        <translation>&amp;Jeu</translation>
    </message>
    <message>
        <source>The laboratory&apos;s own</source>
        <translation>Celles du laboratoire</translation>
    </message>
    <message>
        <source>&amp;Begin with these as the laboratory&apos;s own</source>
        <translation>&amp;Partir de ceux-ci comme valeurs du laboratoire</translation>
    </message>
    <message>
        <source>Item</source>
        <translation>Élément</translation>
    </message>
    <message>
        <source>A&amp;dd</source>
        <translation>A&amp;jouter</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Supprimer</translation>
    </message>
</context>
<context>
    <name>ReasonDialog</name>
    <message>
        <source>Why is it changed?</source>
        <translation>Pourquoi ce changement ?</translation>
    </message>
    <message numerus="yes">
        <source>A person decided on %n of these cells before.</source>
        <translation>
            <numerusform>Une personne avait déjà pris une décision sur %n de ces cellules.</numerusform>
            <numerusform>Une personne avait déjà pris une décision sur %n de ces cellules.</numerusform>
        </translation>
    </message>
    <message>
        <source>Change</source>
        <translation>Changer</translation>
    </message>
    <message>
        <source>&amp;Reason</source>
        <translation>&amp;Motif</translation>
    </message>
</context>
<context>
    <name>RecordModel</name>
    <message>
        <source>No.</source>
        <translation>N°</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Heure</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Personne</translation>
    </message>
    <message>
        <source>Act</source>
        <translation>Acte</translation>
    </message>
    <message>
        <source>Begun</source>
        <translation>Commencé</translation>
    </message>
    <message>
        <source>Signed reports</source>
        <translation>Comptes rendus signés</translation>
    </message>
    <message>
        <source>Chain of the case</source>
        <translation>Chaîne du dossier</translation>
    </message>
    <message>
        <source>removed</source>
        <translation>supprimé</translation>
    </message>
    <message>
        <source>removal begun</source>
        <translation>suppression commencée</translation>
    </message>
</context>
<context>
    <name>RecordPage</name>
    <message>
        <source>Specimen</source>
        <translation>Échantillon</translation>
    </message>
    <message>
        <source>Morphology</source>
        <translation>Morphologie</translation>
    </message>
    <message>
        <source>Comments</source>
        <translation>Commentaires</translation>
    </message>
    <message>
        <source>Analyser</source>
        <translation>Automate</translation>
    </message>
    <message>
        <source>Not saved yet: {fields}</source>
        <translation>Pas encore enregistré : {fields}</translation>
    </message>
    <message>
        <source>A comment is not added yet</source>
        <translation>Un commentaire n&apos;est pas encore ajouté</translation>
    </message>
</context>
<context>
    <name>RecordsPage</name>
    <message>
        <source>A&amp;dd</source>
        <translation>A&amp;jouter</translation>
    </message>
    <message>
        <source>Re&amp;move</source>
        <translation>&amp;Retirer</translation>
    </message>
    <message>
        <source>&amp;Up</source>
        <translation>&amp;Monter</translation>
    </message>
    <message>
        <source>Do&amp;wn</source>
        <translation>&amp;Descendre</translation>
    </message>
</context>
<context>
    <name>RemarkList</name>
    <message>
        <source>Remarks</source>
        <translation>Remarques</translation>
    </message>
</context>
<context>
    <name>ReportPage</name>
    <message>
        <source>Report</source>
        <translation>Compte rendu</translation>
    </message>
    <message>
        <source>&amp;Laboratory</source>
        <translation>&amp;Laboratoire</translation>
    </message>
    <message>
        <source>A&amp;ddress</source>
        <translation>A&amp;dresse</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Choisir…</translation>
    </message>
    <message>
        <source>Lo&amp;go (PNG or JPEG)</source>
        <translation>Lo&amp;go (PNG ou JPEG)</translation>
    </message>
    <message>
        <source>&amp;Paper</source>
        <translation>&amp;Papier</translation>
    </message>
    <message>
        <source>Ta&amp;bles</source>
        <translation>Ta&amp;bleaux</translation>
    </message>
    <message>
        <source>Pictures per &amp;class</source>
        <translation>Images par &amp;classe</translation>
    </message>
    <message>
        <source>&amp;Explained pictures</source>
        <translation>Images &amp;expliquées</translation>
    </message>
    <message>
        <source>Canned &amp;texts, one a line</source>
        <translation>&amp;Textes prédéfinis, un par ligne</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>Images</translation>
    </message>
    <message>
        <source>Logo</source>
        <translation>Logo</translation>
    </message>
</context>
<context>
    <name>Reporter</name>
    <message>
        <source>Writing the report</source>
        <translation>Écriture du compte rendu</translation>
    </message>
    <message numerus="yes">
        <source>The report was written: %n file(s).</source>
        <translation>
            <numerusform>Le compte rendu est écrit : %n fichier.</numerusform>
            <numerusform>Le compte rendu est écrit : %n fichiers.</numerusform>
        </translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>Ouvrir le dossier</translation>
    </message>
    <message>
        <source>The report is signed.</source>
        <translation>Le compte rendu est signé.</translation>
    </message>
    <message>
        <source>It is frozen in the case file with its hash.</source>
        <translation>Il est figé dans le fichier du cas avec son empreinte.</translation>
    </message>
    <message>
        <source>Export it now, or amend it later as a new version.</source>
        <translation>Exportez-le maintenant, ou rectifiez-le plus tard par une nouvelle version.</translation>
    </message>
    <message>
        <source>{reviewed} of {cells} cells were looked at by a person.</source>
        <translation>{reviewed} cellules sur {cells} ont été vues par une personne.</translation>
    </message>
</context>
<context>
    <name>RetentionWindow</name>
    <message>
        <source>Cases past their time</source>
        <translation>Dossiers échus</translation>
    </message>
    <message>
        <source>To be removed</source>
        <translation>À supprimer</translation>
    </message>
    <message>
        <source>Removed so far</source>
        <translation>Déjà supprimés</translation>
    </message>
    <message>
        <source>Your name</source>
        <translation>Votre nom</translation>
    </message>
    <message>
        <source>Your &amp;name</source>
        <translation>Votre &amp;nom</translation>
    </message>
    <message>
        <source>No name and no number of a patient stands here: a removed case is recognised by the hashes printed on its signed report.</source>
        <translation>Aucun nom ni numéro de patient ne figure ici : un dossier supprimé se reconnaît aux empreintes imprimées sur son compte rendu signé.</translation>
    </message>
    <message>
        <source>Cases are kept for ever. The time is set in the preferences, under Privacy.</source>
        <translation>Les dossiers sont conservés sans limite. La durée se règle dans les préférences, sous Confidentialité.</translation>
    </message>
    <message numerus="yes">
        <source>No case is past its time of %n day(s).</source>
        <translation>
            <numerusform>Aucun dossier n&apos;a dépassé sa durée de %n jour.</numerusform>
            <numerusform>Aucun dossier n&apos;a dépassé sa durée de %n jours.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Nobody worked on these cases for %n day(s).</source>
        <translation>
            <numerusform>Personne n&apos;a travaillé sur ces dossiers depuis %n jour.</numerusform>
            <numerusform>Personne n&apos;a travaillé sur ces dossiers depuis %n jours.</numerusform>
        </translation>
    </message>
    <message>
        <source>What is ticked goes for good, with its decisions and pictures. Reports that were exported, copies elsewhere and cells in the reference library stay: see to them yourself.</source>
        <translation>Ce qui est coché disparaît définitivement, avec ses décisions et ses images. Les comptes rendus exportés, les copies ailleurs et les cellules de la bibliothèque de référence restent : occupez-vous-en vous-même.</translation>
    </message>
    <message numerus="yes">
        <source>%n signed case(s) may go too: the signed reports are lost.</source>
        <translation>
            <numerusform>%n dossier signé peut disparaître aussi : son compte rendu signé est perdu.</numerusform>
            <numerusform>%n dossiers signés peuvent disparaître aussi : leurs comptes rendus signés sont perdus.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Remove %n case(s) for good</source>
        <translation>
            <numerusform>Supprimer %n dossier définitivement</numerusform>
            <numerusform>Supprimer %n dossiers définitivement</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) were removed.</source>
        <translation>
            <numerusform>%n dossier a été supprimé.</numerusform>
            <numerusform>%n dossiers ont été supprimés.</numerusform>
        </translation>
    </message>
    <message>
        <source>It stands in the record.</source>
        <translation>C&apos;est inscrit au registre.</translation>
    </message>
</context>
<context>
    <name>ReviewerDialog</name>
    <message>
        <source>Who is reviewing?</source>
        <translation>Qui relit ?</translation>
    </message>
    <message>
        <source>Your name stands beside every decision in the case and in the report. Asked once a day.</source>
        <translation>Votre nom figure à côté de chaque décision, dans le cas et dans le compte rendu. Demandé une fois par jour.</translation>
    </message>
    <message>
        <source>Who reads the cells a second time?</source>
        <translation>Qui relit les cellules une seconde fois ?</translation>
    </message>
    <message>
        <source>Your name stands beside this reading alone; the reviewer of the case stays the same.</source>
        <translation>Votre nom ne figure qu&apos;à côté de cette lecture ; le relecteur du cas reste le même.</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Nom</translation>
    </message>
</context>
<context>
    <name>RulesModel</name>
    <message>
        <source>On</source>
        <translation>Active</translation>
    </message>
    <message>
        <source>Rule</source>
        <translation>Règle</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>Seuil</translation>
    </message>
    <message>
        <source>smear</source>
        <translation>frottis</translation>
    </message>
    <message>
        <source>first sample</source>
        <translation>premier échantillon</translation>
    </message>
</context>
<context>
    <name>RulesPage</name>
    <message>
        <source>Review rules</source>
        <translation>Règles de relecture</translation>
    </message>
    <message>
        <source>After the ISLH consensus rules, recalled: check the thresholds for your laboratory.</source>
        <translation>D&apos;après les règles de consensus de l&apos;ISLH, citées de mémoire : vérifiez les seuils pour votre laboratoire.</translation>
    </message>
</context>
<context>
    <name>SecondReaderWindow</name>
    <message>
        <source>Second reading</source>
        <translation>Seconde lecture</translation>
    </message>
    <message>
        <source>Cells read</source>
        <translation>Cellules lues</translation>
    </message>
    <message>
        <source>Names and the first reader&apos;s classes are hidden. One key a cell; Backspace goes back.</source>
        <translation>Les noms et les classes du premier lecteur sont masqués. Une touche par cellule ; retour arrière pour revenir.</translation>
    </message>
    <message>
        <source>Agreement by class</source>
        <translation>Concordance par classe</translation>
    </message>
    <message>
        <source>Cell {number} of {total}</source>
        <translation>Cellule {number} sur {total}</translation>
    </message>
    <message>
        <source>Agreement of the two readers</source>
        <translation>Concordance des deux lecteurs</translation>
    </message>
    <message>
        <source>{same} of {n} cells alike: {share} % (95 % limits {low} to {high})</source>
        <translation>{same} cellules sur {n} identiques : {share} % (limites à 95 % {low} à {high})</translation>
    </message>
    <message>
        <source>kappa {value} ({low} to {high})</source>
        <translation>kappa {value} ({low} à {high})</translation>
    </message>
    <message>
        <source>No difference is open.</source>
        <translation>Aucune divergence n&apos;est ouverte.</translation>
    </message>
    <message numerus="yes">
        <source>%n difference(s) to settle.</source>
        <translation>
            <numerusform>%n divergence à trancher.</numerusform>
            <numerusform>%n divergences à trancher.</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Settle the differences as {name}</source>
        <translation>&amp;Trancher les différences en tant que {name}</translation>
    </message>
    <message>
        <source>&amp;Settle the differences…</source>
        <translation>&amp;Trancher les différences…</translation>
    </message>
    <message>
        <source>Cell {number}: first {first}, second {second}. Which class is it?</source>
        <translation>Cellule {number} : premier {first}, second {second}. Quelle est la classe ?</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Preferences</source>
        <translation>Préférences</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Pages</translation>
    </message>
    <message>
        <source>&amp;Import…</source>
        <translation>&amp;Importer…</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exporter…</translation>
    </message>
    <message numerus="yes">
        <source>%n setting(s) cannot be used.</source>
        <translation>
            <numerusform>%n réglage ne peut pas être utilisé.</numerusform>
            <numerusform>%n réglages ne peuvent pas être utilisés.</numerusform>
        </translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Réglages</translation>
    </message>
    <message>
        <source>Settings file</source>
        <translation>Fichier de réglages</translation>
    </message>
    <message>
        <source>The settings of {name} are shown.</source>
        <translation>Les réglages de {name} sont affichés.</translation>
    </message>
    <message>
        <source>Press OK to keep them.</source>
        <translation>Appuyez sur OK pour les conserver.</translation>
    </message>
    <message>
        <source>The settings were written.</source>
        <translation>Les réglages ont été écrits.</translation>
    </message>
</context>
<context>
    <name>SignDialog</name>
    <message>
        <source>Sign the report</source>
        <translation>Signer le compte rendu</translation>
    </message>
    <message>
        <source>The report is frozen as it stands now. Later changes make a new version; this one is kept.</source>
        <translation>Le compte rendu est figé tel quel. Les changements ultérieurs feront une nouvelle version ; celle-ci est conservée.</translation>
    </message>
    <message>
        <source>Sign</source>
        <translation>Signer</translation>
    </message>
    <message>
        <source>The account of this computer is printed beside it: {name}</source>
        <translation>Le compte de cet ordinateur est imprimé à côté : {name}</translation>
    </message>
    <message>
        <source>All checks passed.</source>
        <translation>Toutes les vérifications sont passées.</translation>
    </message>
    <message>
        <source>Answer…</source>
        <translation>Répondre…</translation>
    </message>
    <message>
        <source>Why it may be signed all the same; printed in the report</source>
        <translation>Pourquoi signer malgré cela ; imprimé dans le compte rendu</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Montrer</translation>
    </message>
    <message>
        <source>&amp;Meaning</source>
        <translation>&amp;Sens</translation>
    </message>
    <message>
        <source>Your &amp;name, again</source>
        <translation>Votre &amp;nom, à nouveau</translation>
    </message>
</context>
<context>
    <name>SigningPage</name>
    <message>
        <source>Signing</source>
        <translation>Signature</translation>
    </message>
    <message>
        <source>do not ask</source>
        <translation>ne pas demander</translation>
    </message>
    <message>
        <source>ask for an answer</source>
        <translation>demander une réponse</translation>
    </message>
    <message>
        <source>do not let it be signed</source>
        <translation>empêcher la signature</translation>
    </message>
    <message>
        <source>Cells that nobody &amp;looked at</source>
        <translation>Cellules que personne n&apos;a &amp;vues</translation>
    </message>
    <message>
        <source>… when fewer were looked at &amp;than</source>
        <translation>… si la part vue est &amp;inférieure à</translation>
    </message>
    <message>
        <source>An open &amp;second reading</source>
        <translation>&amp;Seconde lecture ouverte</translation>
    </message>
    <message>
        <source>Fewer leukocytes than the &amp;target</source>
        <translation>Moins de leucocytes que l&apos;&amp;objectif</translation>
    </message>
    <message>
        <source>An &amp;incomplete analysis</source>
        <translation>Analyse in&amp;complète</translation>
    </message>
    <message>
        <source>&amp;Critical findings</source>
        <translation>&amp;Résultats critiques</translation>
    </message>
    <message>
        <source>ask who was told</source>
        <translation>demander qui a été informé</translation>
    </message>
    <message>
        <source>Critical classes</source>
        <translation>Classes critiques</translation>
    </message>
    <message>
        <source>Critical cl&amp;asses</source>
        <translation>Cl&amp;asses critiques</translation>
    </message>
    <message>
        <source>A &amp;reason for changing a decision</source>
        <translation>&amp;Motif pour changer une décision</translation>
    </message>
    <message>
        <source>never</source>
        <translation>jamais</translation>
    </message>
    <message>
        <source>another person&apos;s, a signed one, or after ten minutes</source>
        <translation>d&apos;une autre personne, signée, ou après dix minutes</translation>
    </message>
    <message>
        <source>always</source>
        <translation>toujours</translation>
    </message>
    <message>
        <source>Answers and critical findings are printed in the report, with who was told and when. Review rules of critical severity are critical findings too.</source>
        <translation>Les réponses et les résultats critiques sont imprimés dans le compte rendu, avec qui a été informé et quand. Les règles de révision de gravité critique sont aussi des résultats critiques.</translation>
    </message>
</context>
<context>
    <name>SlideCanvas</name>
    <message>
        <source>Slide</source>
        <translation>Lame</translation>
    </message>
</context>
<context>
    <name>SlidePanel</name>
    <message>
        <source>Save the picture</source>
        <translation>Enregistrer l’image</translation>
    </message>
    <message>
        <source>PNG picture (*.png)</source>
        <translation>Image PNG (*.png)</translation>
    </message>
    <message>
        <source>For Research Use Only. Not for use in diagnostic procedures.</source>
        <translation>Réservé à la recherche. Ne pas utiliser à des fins diagnostiques.</translation>
    </message>
</context>
<context>
    <name>SlideStatusLine</name>
    <message>
        <source>quality {percent} %</source>
        <translation>qualité {percent} %</translation>
    </message>
</context>
<context>
    <name>SlideTools</name>
    <message>
        <source>Move and choose</source>
        <translation>Déplacer et choisir</translation>
    </message>
    <message>
        <source>Drag to move, click a cell to choose it</source>
        <translation>Glissez pour déplacer, cliquez sur une cellule pour la choisir</translation>
    </message>
    <message>
        <source>Add a cell</source>
        <translation>Ajouter une cellule</translation>
    </message>
    <message>
        <source>Click where the program missed a cell</source>
        <translation>Cliquez là où le programme a manqué une cellule</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Mesurer</translation>
    </message>
    <message>
        <source>Drag to measure a distance</source>
        <translation>Glissez pour mesurer une distance</translation>
    </message>
    <message>
        <source>Draw a zone</source>
        <translation>Dessiner une zone</translation>
    </message>
    <message>
        <source>Draw around what a continued analysis shall search</source>
        <translation>Entourer ce qu&apos;une analyse continuée doit parcourir</translation>
    </message>
    <message>
        <source>Not a cell</source>
        <translation>Pas une cellule</translation>
    </message>
    <message>
        <source>The chosen cell counts nowhere (Delete)</source>
        <translation>La cellule choisie ne compte nulle part (Suppr)</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>Ajuster</translation>
    </message>
    <message>
        <source>See everything (0)</source>
        <translation>Tout voir (0)</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Agrandir</translation>
    </message>
    <message>
        <source>Zoom in (+)</source>
        <translation>Agrandir (+)</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Réduire</translation>
    </message>
    <message>
        <source>Zoom out (-)</source>
        <translation>Réduire (-)</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Cellules</translation>
    </message>
    <message>
        <source>Which cells are marked</source>
        <translation>Quelles cellules sont marquées</translation>
    </message>
    <message>
        <source>Maps</source>
        <translation>Cartes</translation>
    </message>
    <message>
        <source>Maps over the picture</source>
        <translation>Cartes sur l’image</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Brightness, contrast, gamma, stain</source>
        <translation>Luminosité, contraste, gamma, coloration</translation>
    </message>
    <message>
        <source>Snapshot</source>
        <translation>Copie d’écran</translation>
    </message>
    <message>
        <source>Save what is seen as a picture</source>
        <translation>Enregistrer ce qui est vu comme image</translation>
    </message>
    <message>
        <source>No map</source>
        <translation>Aucune carte</translation>
    </message>
    <message>
        <source>Quality of the monolayer</source>
        <translation>Qualité de la monocouche</translation>
    </message>
    <message>
        <source>Leukocytes per area</source>
        <translation>Leucocytes par surface</translation>
    </message>
    <message>
        <source>Dim what was not searched</source>
        <translation>Assombrir ce qui n’a pas été parcouru</translation>
    </message>
    <message>
        <source>Small overview in the corner</source>
        <translation>Petite vue d’ensemble dans le coin</translation>
    </message>
    <message>
        <source>Mark cells</source>
        <translation>Marquer les cellules</translation>
    </message>
</context>
<context>
    <name>SupportDesk</name>
    <message>
        <source>Save a report for support</source>
        <translation>Enregistrer un rapport pour l’assistance</translation>
    </message>
    <message>
        <source>Text (*.txt)</source>
        <translation>Texte (*.txt)</translation>
    </message>
    <message>
        <source>The report for support is saved.</source>
        <translation>Le rapport pour l’assistance est enregistré.</translation>
    </message>
    <message>
        <source>Send it to whoever helps you.</source>
        <translation>Envoyez-le à qui vous aide.</translation>
    </message>
</context>
<context>
    <name>SupportDialog</name>
    <message>
        <source>For whoever helps you: versions, figures of this computer, settings and the program&apos;s log. It names no patient, specimen, person or folder, and holds no image. This is the whole text:</source>
        <translation>Pour qui vous aide : les versions, les chiffres de cet ordinateur, les réglages et le journal du programme. Il ne nomme ni patient, ni échantillon, ni personne, ni dossier, et ne contient aucune image. En voici le texte entier :</translation>
    </message>
    <message>
        <source>Save a report for support</source>
        <translation>Enregistrer un rapport pour l’assistance</translation>
    </message>
    <message>
        <source>Save…</source>
        <translation>Enregistrer…</translation>
    </message>
    <message>
        <source>The report</source>
        <translation>Le rapport</translation>
    </message>
</context>
<context>
    <name>Tiles</name>
    <message>
        <source>Counter</source>
        <translation>Compteur</translation>
    </message>
</context>
<context>
    <name>ToolWindows</name>
    <message>
        <source>&amp;Case</source>
        <translation>Do&amp;ssier</translation>
    </message>
    <message>
        <source>La&amp;boratory</source>
        <translation>La&amp;boratoire</translation>
    </message>
    <message>
        <source>&amp;Work list…</source>
        <translation>&amp;Liste de travail…</translation>
    </message>
    <message>
        <source>&amp;New count by hand…</source>
        <translation>&amp;Nouveau comptage manuel…</translation>
    </message>
    <message>
        <source>Smear and analyser over &amp;cases…</source>
        <translation>Frottis et automate sur plusieurs &amp;dossiers…</translation>
    </message>
    <message>
        <source>&amp;Specimen and patient</source>
        <translation>&amp;Échantillon et patient</translation>
    </message>
    <message>
        <source>&amp;Morphology</source>
        <translation>&amp;Morphologie</translation>
    </message>
    <message>
        <source>&amp;Comments</source>
        <translation>&amp;Commentaires</translation>
    </message>
    <message>
        <source>&amp;Analyser</source>
        <translation>&amp;Automate</translation>
    </message>
    <message>
        <source>Add to the reference &amp;library…</source>
        <translation>Ajouter à la &amp;bibliothèque de référence…</translation>
    </message>
    <message>
        <source>Back&amp;up and restore…</source>
        <translation>Sa&amp;uvegarde et restauration…</translation>
    </message>
    <message>
        <source>Count at the micr&amp;oscope</source>
        <translation>Compter au micr&amp;oscope</translation>
    </message>
    <message>
        <source>Like this one &amp;in the library</source>
        <translation>Semblables dans la b&amp;ibliothèque</translation>
    </message>
    <message>
        <source>Second &amp;reading…</source>
        <translation>Seconde &amp;lecture…</translation>
    </message>
    <message>
        <source>&amp;Preview of the report…</source>
        <translation>A&amp;perçu du compte rendu…</translation>
    </message>
    <message>
        <source>Audit &amp;trail…</source>
        <translation>&amp;Journal d&apos;audit…</translation>
    </message>
    <message>
        <source>Reference &amp;library…</source>
        <translation>&amp;Bibliothèque de référence…</translation>
    </message>
    <message>
        <source>Calibrate to this la&amp;boratory…</source>
        <translation>Calibrer pour ce la&amp;boratoire…</translation>
    </message>
    <message>
        <source>Cases past their &amp;time…</source>
        <translation>Dossiers éc&amp;hus…</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Fiche</translation>
    </message>
    <message>
        <source>Counter</source>
        <translation>Compteur</translation>
    </message>
    <message numerus="yes">
        <source>%n cell(s) were added to the library.</source>
        <translation>
            <numerusform>%n cellule a été ajoutée à la bibliothèque.</numerusform>
            <numerusform>%n cellules ont été ajoutées à la bibliothèque.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) are past the time that they are kept.</source>
        <translation>
            <numerusform>%n dossier a dépassé sa durée de conservation.</numerusform>
            <numerusform>%n dossiers ont dépassé leur durée de conservation.</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing is removed before you have looked at them.</source>
        <translation>Rien n&apos;est supprimé avant que vous les ayez regardés.</translation>
    </message>
    <message>
        <source>Look at them…</source>
        <translation>Les regarder…</translation>
    </message>
</context>
<context>
    <name>TrailModel</name>
    <message>
        <source>No.</source>
        <translation>N°</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>Heure</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Personne</translation>
    </message>
    <message>
        <source>Act</source>
        <translation>Acte</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Cellules</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Champ</translation>
    </message>
    <message>
        <source>Old</source>
        <translation>Ancien</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Nouveau</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Motif</translation>
    </message>
</context>
<context>
    <name>WorklistModel</name>
    <message>
        <source>waiting</source>
        <translation>en attente</translation>
    </message>
    <message>
        <source>analysing</source>
        <translation>en analyse</translation>
    </message>
    <message>
        <source>new</source>
        <translation>nouveau</translation>
    </message>
    <message>
        <source>to review</source>
        <translation>à relire</translation>
    </message>
    <message>
        <source>reviewed</source>
        <translation>relu</translation>
    </message>
    <message>
        <source>signed</source>
        <translation>signé</translation>
    </message>
    <message>
        <source>damaged</source>
        <translation>endommagé</translation>
    </message>
    <message>
        <source>State</source>
        <translation>État</translation>
    </message>
    <message>
        <source>Specimen</source>
        <translation>Échantillon</translation>
    </message>
    <message>
        <source>Begun</source>
        <translation>Commencé</translation>
    </message>
    <message>
        <source>Cells</source>
        <translation>Cellules</translation>
    </message>
    <message>
        <source>Decided</source>
        <translation>Décidé</translation>
    </message>
    <message>
        <source>Flags</source>
        <translation>Alarmes</translation>
    </message>
    <message>
        <source>Persons</source>
        <translation>Personnes</translation>
    </message>
    <message>
        <source> (synthetic)</source>
        <translation> (synthétique)</translation>
    </message>
    <message numerus="yes">
        <source>%n unidentified</source>
        <translation>
            <numerusform>%n non identifiée</numerusform>
            <numerusform>%n non identifiées</numerusform>
        </translation>
    </message>
    <message>
        <source>incomplete</source>
        <translation>incomplet</translation>
    </message>
</context>
<context>
    <name>WorklistWindow</name>
    <message>
        <source>Work list</source>
        <translation>Liste de travail</translation>
    </message>
    <message>
        <source>Specimen, patient number or file name</source>
        <translation>Échantillon, numéro du patient ou nom de fichier</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Recherche</translation>
    </message>
    <message>
        <source>State</source>
        <translation>État</translation>
    </message>
    <message>
        <source>Every state</source>
        <translation>Tous les états</translation>
    </message>
    <message>
        <source>New</source>
        <translation>Nouveaux</translation>
    </message>
    <message>
        <source>Analysing</source>
        <translation>Analyse</translation>
    </message>
    <message>
        <source>To review</source>
        <translation>À relire</translation>
    </message>
    <message>
        <source>Reviewed</source>
        <translation>Relus</translation>
    </message>
    <message>
        <source>Signed</source>
        <translation>Signé</translation>
    </message>
    <message>
        <source>Damaged</source>
        <translation>Endommagés</translation>
    </message>
    <message>
        <source>Begun</source>
        <translation>Commencé</translation>
    </message>
    <message>
        <source>Any day</source>
        <translation>Toutes les dates</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Aujourd&apos;hui</translation>
    </message>
    <message>
        <source>The last 7 days</source>
        <translation>Les 7 derniers jours</translation>
    </message>
    <message>
        <source>The last 30 days</source>
        <translation>Les 30 derniers jours</translation>
    </message>
    <message>
        <source>The last 365 days</source>
        <translation>Les 365 derniers jours</translation>
    </message>
    <message>
        <source>Person</source>
        <translation>Personne</translation>
    </message>
    <message>
        <source>Flag (* for any)</source>
        <translation>Alarme (* : toutes)</translation>
    </message>
    <message>
        <source>Flag</source>
        <translation>Alarme</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>&amp;Ouvrir</translation>
    </message>
    <message>
        <source>&amp;Analyse folder…</source>
        <translation>&amp;Analyser un dossier d&apos;images…</translation>
    </message>
    <message>
        <source>It waits for its turn in the background</source>
        <translation>Elle attend son tour en arrière-plan</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>A&amp;rrêter</translation>
    </message>
    <message>
        <source>What was found is kept</source>
        <translation>Ce qui a été trouvé est conservé</translation>
    </message>
    <message>
        <source>&amp;Copy to…</source>
        <translation>&amp;Copier vers…</translation>
    </message>
    <message>
        <source>&amp;Move to…</source>
        <translation>&amp;Déplacer vers…</translation>
    </message>
    <message>
        <source>&amp;Bring in…</source>
        <translation>&amp;Importer…</translation>
    </message>
    <message>
        <source>From another workstation</source>
        <translation>Depuis un autre poste</translation>
    </message>
    <message>
        <source>&amp;Recover</source>
        <translation>&amp;Récupérer</translation>
    </message>
    <message>
        <source>&amp;Table…</source>
        <translation>&amp;Tableau…</translation>
    </message>
    <message>
        <source>One CSV over the chosen cases, or over all shown</source>
        <translation>Un CSV des dossiers choisis, ou de tous ceux affichés</translation>
    </message>
    <message numerus="yes">
        <source>%n case(s)</source>
        <translation>
            <numerusform>%n dossier</numerusform>
            <numerusform>%n dossiers</numerusform>
        </translation>
    </message>
    <message>
        <source>Folder of cell crops or fields</source>
        <translation>Dossier de cellules ou de champs</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>Tableaux</translation>
    </message>
    <message>
        <source>Table of the cases</source>
        <translation>Tableau des dossiers</translation>
    </message>
    <message>
        <source>To this folder</source>
        <translation>Vers ce dossier</translation>
    </message>
    <message>
        <source>Cases</source>
        <translation>Cas</translation>
    </message>
    <message>
        <source>Case from another workstation</source>
        <translation>Dossier d&apos;un autre poste</translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) were transferred and compared byte by byte.</source>
        <translation>
            <numerusform>%n dossier a été transféré et comparé octet par octet.</numerusform>
            <numerusform>%n dossiers ont été transférés et comparés octet par octet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n case(s) stand in the table.</source>
        <translation>
            <numerusform>%n dossier figure dans le tableau.</numerusform>
            <numerusform>%n dossiers figurent dans le tableau.</numerusform>
        </translation>
    </message>
    <message>
        <source>The case is here now.</source>
        <translation>Le dossier est maintenant ici.</translation>
    </message>
    <message>
        <source>Not in it, because they cannot be read: {names}</source>
        <translation>N’y figurent pas, car illisibles : {names}</translation>
    </message>
    <message>
        <source>What could be read was saved as {name}.</source>
        <translation>Ce qui pouvait être lu a été enregistré sous {name}.</translation>
    </message>
    <message>
        <source>{cells} cells and {events} decisions came through; {lost} are known to be lost.</source>
        <translation>{cells} cellules et {events} décisions ont été récupérées ; {lost} sont perdues avec certitude.</translation>
    </message>
    <message>
        <source>Signatures are not carried over: check the case and sign it again.</source>
        <translation>Les signatures ne sont pas reprises : vérifiez le dossier et signez-le de nouveau.</translation>
    </message>
</context>
</TS>
